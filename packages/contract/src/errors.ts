/** Failures of ours. A refusal is not among them: it is a Decision, and a value. */
import { z } from "zod";

export const ErrorCode = z.enum([
  "invalid_input",
  "invalid_json",
  "too_large",
  "unauthenticated",
  "forbidden",
  "not_found",
  "conflict",
  "idempotency_mismatch",
  "rate_limited",
  "unavailable",
  "internal",
]);
export type ErrorCode = z.infer<typeof ErrorCode>;

/** The body of every HTTP error. `place` says where in the input, `fix` what to do about it. */
export const ErrorBody = z.object({
  code: ErrorCode,
  message: z.string(),
  retryable: z.boolean(),
  place: z.string().optional(),
  fix: z.string().optional(),
});
export type ErrorBody = z.infer<typeof ErrorBody>;

type Details = { retryable?: boolean; place?: string; fix?: string; cause?: unknown };

/** An error of ours; `retryable` says whether the same request may succeed later. Nobody parses messages. */
export class AirworthyError extends Error {
  override name = "AirworthyError";
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly place: string | undefined;
  readonly fix: string | undefined;
  constructor(code: ErrorCode, message: string, details: Details = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.retryable = details.retryable ?? false;
    this.place = details.place;
    this.fix = details.fix;
  }
}
