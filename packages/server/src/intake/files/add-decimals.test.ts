/** Tests that control totals are exact. */
import { expect, it } from "vitest";

import { addDecimals, equalDecimals, noSum, readDecimal, showDecimal } from "./add-decimals.ts";

const sumOf = (texts: readonly string[]) =>
  texts.reduce((sum, text) => addDecimals(sum, readDecimal(text) ?? noSum), noSum);

it("adds what floating point cannot", () => {
  expect(showDecimal(sumOf(Array.from({ length: 10 }, () => "0.1")))).toBe("1.0");
  expect(showDecimal(sumOf(["9007199254740993", "0.01", "-0.02"]))).toBe("9007199254740992.99");
  expect(equalDecimals(sumOf(["1.50", "-2.5"]), readDecimal("-1") ?? noSum)).toBe(true);
});

it.each(["", "1,5", "1e3", "NaN", "1.", "--1"])("takes %j for no decimal number", (text) => {
  expect(readDecimal(text)).toBeUndefined();
});
