/** Tells which files have not changed for a while: whoever writes one slowly is not read half-way. */
import { lstat } from "node:fs/promises";
import path from "node:path";

import { AirworthyError } from "@airworthy/contract";

/** Whose stamp has been seen before, and since when (monotonic ms). */
export type Quiet = Map<string, { readonly stamp: string; readonly sinceMonoMs: number }>;

export type FileLook = {
  readonly bytes: number;
  /** Changes when the file does. */
  readonly stamp: string;
  /** When it was last written, epoch ms. */
  readonly writtenAt: number;
};

/**
 * Of an ordinary file only: a link may lead out of the folder. Undefined where there is none.
 * @throws AirworthyError `unavailable` where that cannot be told: a file that cannot be looked at is not gone.
 */
export async function lookAtFile(full: string): Promise<FileLook | undefined> {
  const stat = await lstat(full).catch((cause: unknown) => {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new AirworthyError(
      "unavailable",
      `${JSON.stringify(path.basename(full))} cannot be looked at (${String(code)}).`,
      {
        cause,
        retryable: true,
        fix: "Look at the disk, or at the share, and at the permissions of its folder.",
      },
    );
  });
  if (stat?.isFile() !== true) return undefined;
  // The time of the change of its inode is not its owner's to set; times of writing are.
  const stamp = `${stat.ino}:${stat.size}:${stat.mtimeMs}:${stat.ctimeMs}`;
  return { bytes: stat.size, stamp, writtenAt: Math.floor(stat.mtimeMs) };
}

/** Whether this file has shown the same stamp for `restMs`; remembers what it shows now. */
export function isQuiet(
  quiet: Quiet,
  { name, stamp }: { readonly name: string; readonly stamp: string },
  restMs: number,
): boolean {
  if (restMs === 0) return true;
  const now = performance.now();
  const known = quiet.get(name);
  if (known?.stamp === stamp) return now - known.sinceMonoMs >= restMs;
  quiet.set(name, { stamp, sinceMonoMs: now });
  return false;
}

/** Forgets those that are there no longer. */
export function forgetAbsent(quiet: Quiet, present: ReadonlySet<string>): void {
  for (const name of quiet.keys()) if (!present.has(name)) quiet.delete(name);
}
