/** Builds the errors of the database launcher: each names place and cause, and ends with what to do about it. */

const OWN_SERVER = "Or set DATABASE_URL to a PostgreSQL 15 or newer.";

/** An error for people: `problem` says what stands where, `fix` what to do; the way out by DATABASE_URL is always named. */
export function launchFailure(problem: string, fix: string, cause?: unknown): Error {
  const because = cause instanceof Error ? ` (${cause.message})` : "";
  return new Error(`The embedded PostgreSQL cannot start: ${problem}${because}. ${fix} ${OWN_SERVER}`, { cause });
}

/** The `code` of a system or PostgreSQL error, such as `ENOENT` or `3D000`. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
