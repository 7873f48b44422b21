/** Tests durations: every unit, and what is not a duration. */
import { AirworthyError } from "@airworthy/contract";
import { describe, expect, test } from "vitest";

import { durationMs } from "./duration.ts";

describe("durationMs", () => {
  test.each([
    ["0ms", 0],
    ["500ms", 500],
    ["30s", 30_000],
    ["5m", 300_000],
    ["24h", 86_400_000],
    ["7d", 604_800_000],
  ])("%s is %d ms", (text, expected) => {
    expect(durationMs(text)).toBe(expected);
  });

  test.each(["", "5", "m", "-5m", "1.5h", "5 m", "5M", "5m ", "99999999999999999999d"])("%j is refused", (text) => {
    expect(() => durationMs(text)).toThrow(AirworthyError);
  });
});
