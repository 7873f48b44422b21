/** JSON values, ids and counts in running text. */
import type { Json } from "@airworthy/contract";

import { clean } from "./clean.ts";

/** A value as compact JSON, safe to print. */
export const valueText = (value: Json): string => clean(JSON.stringify(value));

/** `sha256:0123456789abcdef…` of a long digest; short ones stay whole. */
export function digestText(digest: string): string {
  const safe = clean(digest);
  const at = safe.indexOf(":");
  const kept = (at === -1 ? 0 : at + 1) + 12;
  return safe.length <= kept + 1 ? safe : `${safe.slice(0, kept)}…`;
}

/** `1 action`, `2 actions`. */
export const countText = (count: number, noun: string, nouns = `${noun}s`): string =>
  `${count.toLocaleString("en-US")} ${count === 1 ? noun : nouns}`;

/** What an action is about, in one line: its tool, its business object and its amount. */
export const listText = (parts: readonly (string | undefined)[], between = "  "): string =>
  parts.filter((part) => part !== undefined && part !== "").join(between);
