/** Many tests at once: p-values raised so that the chance of any false alarm among them stays what it was said to be. */

/** Holm's step-down adjustment (1979). Reject where the result is ≤ α: then P(any false rejection) ≤ α, however the tests depend on each other. */
export function adjustHolm(pValues: readonly number[]): readonly number[] {
  const order = pValues.map((_, at) => at).toSorted((left, right) => (pValues[left] ?? 1) - (pValues[right] ?? 1));
  const adjusted = pValues.map(() => 1);
  let highest = 0;
  for (const [rank, at] of order.entries()) {
    highest = Math.max(highest, Math.min(1, (pValues[at] ?? 1) * (pValues.length - rank)));
    adjusted[at] = highest;
  }
  return adjusted;
}
