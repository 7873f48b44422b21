/** The population stability index, with the limit that its sample sizes give it. */
import { chiSquareLimit } from "./chi-square.ts";
import { quantileOf } from "./compare-samples.ts";

/** A bin without values would make the index infinite. */
const floor = 1e-4;

/** Σ (q − p)·ln(q/p) over bins (Siddiqi 2006); shares below 0.0001 count as that. */
export function stabilityIndex(first: readonly number[], second: readonly number[]): number {
  const firstTotal = Math.max(1, sum(first));
  const secondTotal = Math.max(1, sum(second));
  return first.reduce((total, count, at) => {
    const p = Math.max(floor, count / firstTotal);
    const q = Math.max(floor, (second[at] ?? 0) / secondTotal);
    return total + (q - p) * Math.log(q / p);
  }, 0);
}

/**
 * What the index stays below with probability 1 − `tail` when nothing changed: (1/n + 1/m)·χ²_{B−1}
 * (Yurdakul & Naranjo, "Statistical properties of the population stability index", 2020).
 * The customary 0.1 and 0.25 are no constants: with ten bins and a hundred values each, 0.1 is passed by chance four times of five.
 */
export function stabilityLimit(
  tail: number,
  sizes: { readonly n: number; readonly m: number; readonly bins: number },
): number {
  if (sizes.bins < 2 || sizes.n === 0 || sizes.m === 0) return Number.POSITIVE_INFINITY;
  return (1 / sizes.n + 1 / sizes.m) * chiSquareLimit(tail, sizes.bins - 1);
}

/** Counts of both samples in `bins` bins that each hold as many of the first; bins that coincide are one. */
export function countInQuantiles(
  first: Float64Array,
  second: Float64Array,
  bins: number,
): { readonly first: readonly number[]; readonly second: readonly number[] } {
  const edges = Array.from({ length: bins - 1 }, (_, at) => quantileOf(first, (at + 1) / bins));
  const distinct = [...new Set(edges)];
  return { first: countBetween(first, distinct), second: countBetween(second, distinct) };
}

/** Counts of a sorted sample below the first edge, between edges (the lower one included), and from the last one on. */
export function countBetween(sorted: Float64Array, edges: readonly number[]): readonly number[] {
  const counts = Array.from({ length: edges.length + 1 }, () => 0);
  let bin = 0;
  for (const value of sorted) {
    while (bin < edges.length && value >= (edges[bin] ?? 0)) bin += 1;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
