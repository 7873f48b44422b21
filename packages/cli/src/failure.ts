/** A failure that the command line itself found: what is wrong, what to do, and with which code to leave. */
import { byErrorCode, exitCodes, type ExitCode, type ExitName, isOurError } from "./exit-codes.ts";

export class Failure extends Error {
  override name = "Failure";
  readonly exit: ExitName;
  readonly fix: string | undefined;
  constructor(exit: ExitName, message: string, fix?: string) {
    super(message);
    this.exit = exit;
    this.fix = fix;
  }
}

/** The exit code that an error asks for. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof Failure) return exitCodes[error.exit].code;
  if (isOurError(error)) return exitCodes[byErrorCode[error.code]].code;
  return exitCodes.unexpected.code;
}
