/** A failure that the command line itself found: what is wrong, what to do, and with which code to leave. */
import type { ExitName } from "./exit-codes.ts";

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
