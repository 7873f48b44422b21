/** Reads a file of records that a command was given, with a sign of how far it is. */
import { isOurError } from "./exit-codes.ts";
import { Failure } from "./failure.ts";
import type { OnProgress } from "./server-parts.ts";
import type { Shell } from "./shell.ts";
import { withProgress } from "./text/progress.ts";

/** A file that is not there is wrong usage here, not an unknown id. */
export async function readSourceFile<T>(shell: Shell, run: (onProgress: OnProgress) => Promise<T>): Promise<T> {
  try {
    return await withProgress(shell, run);
  } catch (error) {
    if (isOurError(error) && error.code === "not_found") throw new Failure("usage", error.message, error.fix);
    throw error;
  }
}
