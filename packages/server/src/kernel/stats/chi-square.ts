/** The χ² distribution, and Pearson's test that two samples fall into categories alike. */
import { logGamma } from "./gamma.ts";

const precision = 1e-16;
const stepsMax = 100_000;

/** Q(a, x) = Γ(a, x)/Γ(a): the series below a + 1 (DLMF 8.7.1), Legendre's continued fraction above it (DLMF 8.9.2), by Lentz's method. */
function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  return x < a + 1 ? 1 - scale * lowerSeries(a, x) : scale * upperFraction(a, x);
}

function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < stepsMax && term > sum * precision; n += 1) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

function upperFraction(a: number, x: number): number {
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < stepsMax; n += 1) {
    const factor = n * (a - n);
    b += 2;
    d = 1 / orTiny(factor * d + b, tiny);
    c = orTiny(b + factor / c, tiny);
    fraction *= d * c;
    if (Math.abs(d * c - 1) <= precision * 4) break;
  }
  return fraction;
}

const orTiny = (value: number, tiny: number): number => (Math.abs(value) < tiny ? tiny : value);

/** P(χ² ≥ x) with `freedom` > 0 degrees of freedom. */
export const chiSquareTail = (x: number, freedom: number): number => upperGamma(freedom / 2, x / 2);

/** The x with P(χ² ≥ x) = `tail`, for 0 < tail < 1; by bisection, to the last bits. */
export function chiSquareLimit(tail: number, freedom: number): number {
  let low = 0;
  let high = Math.max(1, freedom);
  while (chiSquareTail(high, freedom) > tail) high *= 2;
  for (let step = 0; step < 200 && high - low > high * precision; step += 1) {
    const middle = (low + high) / 2;
    if (chiSquareTail(middle, freedom) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

export type ChiSquareTest = { readonly statistic: number; readonly freedom: number; readonly pValue: number };

/**
 * Pearson's χ² test of homogeneity for counts of the same categories in two samples (K. Pearson 1900; Cochran 1954).
 * Categories that neither sample has do not count. With fewer than two left, or an empty sample, p is 1.
 */
export function testCounts(first: readonly number[], second: readonly number[]): ChiSquareTest {
  const firstTotal = sum(first);
  const secondTotal = sum(second);
  const total = firstTotal + secondTotal;
  let statistic = 0;
  let categories = 0;
  for (const [at, left] of first.entries()) {
    const right = second[at] ?? 0;
    const both = left + right;
    if (both === 0) continue;
    categories += 1;
    // Both samples differ from what is expected by the same amount.
    const difference = left - (both * firstTotal) / total;
    statistic += (difference * difference * total * total) / (both * firstTotal * secondTotal);
  }
  const freedom = categories - 1;
  if (freedom < 1 || firstTotal === 0 || secondTotal === 0) return { statistic: 0, freedom: 0, pValue: 1 };
  return { statistic, freedom, pValue: chiSquareTail(statistic, freedom) };
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
