/** How a page is to look, and what a section of it is. */
import type { Explanation } from "@airworthy/contract";

import type { Paint } from "../text/paint.ts";

/** `width` in columns; `now` in epoch milliseconds. */
export type Look = { readonly paint: Paint; readonly width: number; readonly now: number };

/** A section's lines, title first; none when it has nothing to say. */
export type Section = (explanation: Explanation, look: Look) => readonly string[];
