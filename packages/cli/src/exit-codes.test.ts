/** The exit codes are a promise: a changed number breaks somebody's script. */
import { AirworthyError, ErrorCode } from "@airworthy/contract";
import { describe, expect, it } from "vitest";

import { exitCodes } from "./exit-codes.ts";
import { Failure, exitCodeOf } from "./failure.ts";

describe("exit codes", () => {
  it("are what they have always been", () => {
    expect(Object.fromEntries(Object.entries(exitCodes).map(([name, { code }]) => [name, code]))).toEqual({
      ok: 0,
      unexpected: 1,
      usage: 2,
      changesPending: 3,
      auth: 4,
      network: 5,
      gateFailed: 6,
      notVerified: 7,
      stillPending: 8,
      partlyApplied: 9,
      interrupted: 130,
    });
  });

  it("exist for every error code of the contract", () => {
    const codes = ErrorCode.options.map((code) => [code, exitCodeOf(new AirworthyError(code, "x"))]);
    expect(Object.fromEntries(codes)).toEqual({
      invalid_input: 2,
      invalid_json: 2,
      too_large: 2,
      unauthenticated: 4,
      forbidden: 4,
      not_found: 1,
      conflict: 1,
      idempotency_mismatch: 1,
      rate_limited: 1,
      unavailable: 5,
      internal: 1,
    });
  });

  it("are 1 for what nobody foresaw, and a failure's own otherwise", () => {
    expect(exitCodeOf(new Error("x"))).toBe(1);
    expect(exitCodeOf("x")).toBe(1);
    expect(exitCodeOf(new Failure("gateFailed", "x"))).toBe(6);
  });
});
