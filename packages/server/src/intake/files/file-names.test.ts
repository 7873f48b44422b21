/** Tests of patterns of file names. */
import { describe, expect, it } from "vitest";

import { readFileNames } from "./file-names.ts";

describe("a pattern of file names", () => {
  it.each([
    ["payments_*.csv", "payments_1.csv", true],
    ["payments_*.csv", "payments_1.csv.done", false],
    ["payments_*.csv", "payments_1xcsv", false],
    ["a+(b).csv", "a+(b).csv", true],
    ["p_{yyyy}{mm}{dd}.csv", "p_20261103.csv", true],
    ["p_{yyyy}{mm}{dd}.csv", "p_2026113.csv", false],
  ])("%s and %s: %s", (pattern, name, fits) => expect(readFileNames(pattern).fits(name)).toBe(fits));

  it("knows the time in a name, and no time where there is none", () => {
    expect(readFileNames("p_{dd}.{mm}.{yyyy}_{hh}{mi}.csv").timeOf("p_03.11.2026_0830.csv")).toBe(
      Date.parse("2026-11-03T08:30:00Z"),
    );
    expect(readFileNames("p_{yyyy}{mm}{dd}.csv").timeOf("p_20261131.csv")).toBeUndefined();
    expect(readFileNames("p_*.csv").timeOf("p_20261103.csv")).toBeUndefined();
  });
});
