/** Two samples of numbers, compared: the largest gap of their distribution functions, and the mean distance between them. */
import { effectiveSize, kolmogorovTail } from "./kolmogorov-tail.ts";

export type GapTest = {
  /** The largest difference of the two empirical distribution functions, 0 to 1. */
  readonly gap: number;
  readonly pValue: number;
};

/**
 * The two-sample Kolmogorov–Smirnov test, two-sided, with the distribution for one sample of the effective size
 * (Smirnov 1939; as SciPy's `ks_2samp(method="asymp")`). With ties p is too large, never too small.
 * Both samples are sorted, ascending; an empty one shows nothing, so p is 1.
 */
export function testGap(first: Float64Array, second: Float64Array): GapTest {
  if (first.length === 0 || second.length === 0) return { gap: 0, pValue: 1 };
  let [i, j, gap] = [0, 0, 0];
  while (i < first.length && j < second.length) {
    const at = Math.min(first[i] ?? 0, second[j] ?? 0);
    i = passEqual(first, i, at);
    j = passEqual(second, j, at);
    gap = Math.max(gap, Math.abs(i / first.length - j / second.length));
  }
  return { gap, pValue: kolmogorovTail(effectiveSize([first.length, second.length]), gap) };
}

/** The first place from `from` on whose value is above `at`. */
function passEqual(sorted: Float64Array, from: number, at: number): number {
  let place = from;
  while (place < sorted.length && (sorted[place] ?? 0) <= at) place += 1;
  return place;
}

/** The Wasserstein-1 distance in the values' own unit: how far a value has to move, on average, to make one sample the other. */
export function meanDistance(first: Float64Array, second: Float64Array): number {
  if (first.length === 0 || second.length === 0) return 0;
  let [i, j, distance] = [0, 0, 0];
  let at = Math.min(first[0] ?? 0, second[0] ?? 0);
  while (i < first.length || j < second.length) {
    const next = Math.min(first[i] ?? Number.POSITIVE_INFINITY, second[j] ?? Number.POSITIVE_INFINITY);
    distance += Math.abs(i / first.length - j / second.length) * (next - at);
    at = next;
    i = passEqual(first, i, at);
    j = passEqual(second, j, at);
  }
  return distance;
}

/** The quantile of a sorted sample, linear between its values (Hyndman & Fan 1996, type 7); NaN of an empty one. */
export function quantileOf(sorted: Float64Array, share: number): number {
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}
