/** Reads one value at a path given as text. */
import type { Json } from "@airworthy/contract";

import { parsePath, readPath } from "./path.ts";

/** The value at `path` below `root`, or undefined; own properties only. */
export function readAt(path: string, root: Json): Json | undefined {
  return readPath(parsePath(path), { root });
}
