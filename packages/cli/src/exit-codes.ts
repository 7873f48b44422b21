/** The exit codes: one table, documented, never changed. */
import type { ErrorCode } from "@airworthy/contract";

export const exitCodes = {
  ok: { code: 0, meaning: "Done." },
  unexpected: { code: 1, meaning: "Failed in a way that no other code names, such as an unknown id or a conflict." },
  usage: { code: 2, meaning: "Wrong usage, or an invalid configuration; nothing was changed." },
  changesPending: { code: 3, meaning: "There are changes (`plan --detailed-exitcode`)." },
  auth: { code: 4, meaning: "No key, a wrong key, or a key that may not do this." },
  network: { code: 5, meaning: "No server, or the server cannot answer now." },
  gateFailed: {
    code: 6,
    meaning: "A check said no (`check`, `verify`, `sources`, a health check of a degraded server).",
  },
  notVerified: { code: 7, meaning: "It ran, but whether it took effect is not established." },
  stillPending: { code: 8, meaning: "Still waiting, or waited long enough." },
  partlyApplied: { code: 9, meaning: "Applied to some of the named things and not to others." },
  interrupted: { code: 130, meaning: "Interrupted (Ctrl-C)." },
} as const;

export type ExitName = keyof typeof exitCodes;
export type ExitCode = (typeof exitCodes)[ExitName]["code"];

export const byErrorCode: Record<ErrorCode, ExitName> = {
  invalid_input: "usage",
  invalid_json: "usage",
  too_large: "usage",
  unauthenticated: "auth",
  forbidden: "auth",
  not_found: "unexpected",
  conflict: "unexpected",
  idempotency_mismatch: "unexpected",
  rate_limited: "unexpected",
  unavailable: "network",
  internal: "unexpected",
};

/** An error of the client or the server, recognised without loading the code that defines it. */
export type OurError = Error & { readonly code: ErrorCode; readonly place?: string; readonly fix?: string };
export const isOurError = (error: unknown): error is OurError =>
  error instanceof Error && error.name === "AirworthyError" && "code" in error && String(error.code) in byErrorCode;
