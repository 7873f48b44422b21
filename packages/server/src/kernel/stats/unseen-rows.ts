/** Whether the second sample has more rows of categories that the first never showed than chance gives it. */
import { logGamma } from "./gamma.ts";

/** How often each pooled count occurs: `categories` have exactly `count` rows in both samples together. */
export type CountOfCounts = readonly { readonly count: number; readonly categories: number }[];

export type Unseen = {
  /** Rows of the second sample whose category the first lacks. */
  readonly rows: number;
  /** How many such categories there are. */
  readonly categories: number;
};

/**
 * An upper bound for the chance of as many unseen rows, or as many unseen categories, when all n + m rows are
 * exchangeable. A category of c rows lies wholly in the second sample with probability C(m,c)/C(n+m,c); these events are
 * negatively associated (Joag-Dev & Proschan 1983, permutation distributions), so Chernoff's bound for independent ones
 * (1952) holds for either sum. One large new category shows in the rows, many small ones in their number; asking both
 * doubles the bound (Bonferroni). Right at any size: never too small.
 */
export function boundUnseen(
  unseen: Unseen,
  sizes: { readonly n: number; readonly m: number },
  counts: CountOfCounts,
): number {
  if (unseen.rows <= 0 || sizes.n === 0 || sizes.m === 0) return 1;
  const terms = counts.map(({ count, categories }) => ({ count, categories, chance: chanceOfAll(count, sizes) }));
  const bound = (sum: number, weightOf: (count: number) => number): number => {
    const logBound = (theta: number): number =>
      terms.reduce(
        (total, { count, categories, chance }) => total + categories * logMean(chance, theta * weightOf(count)),
        -theta * sum,
      );
    return Math.exp(smallest(logBound));
  };
  return Math.min(1, 2 * bound(unseen.rows, (count) => count), 2 * bound(unseen.categories, () => 1));
}

/** ln of C(m,c)/C(n+m,c): that all `count` rows fall into the second sample. */
function chanceOfAll(count: number, { n, m }: { readonly n: number; readonly m: number }): number {
  if (count > m) return Number.NEGATIVE_INFINITY;
  return logGamma(m + 1) - logGamma(m - count + 1) - logGamma(n + m + 1) + logGamma(n + m - count + 1);
}

/** ln(1 − p + p·e^x) with p = e^logP, without overflow. */
function logMean(logP: number, x: number): number {
  if (logP === Number.NEGATIVE_INFINITY) return 0;
  if (logP + x > 30) return logP + x;
  return Math.log1p(Math.exp(logP) * Math.expm1(Math.min(x, 700)) || Math.exp(logP + x));
}

/** The minimum of a convex function over θ > 0, by golden-section search. */
function smallest(f: (theta: number) => number): number {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [0, 40];
  let [left, right] = [high - ratio * (high - low), low + ratio * (high - low)];
  for (let step = 0; step < 80; step += 1) {
    if (f(left) < f(right)) [high, right, left] = [right, left, right - ratio * (right - low)];
    else [low, left, right] = [left, right, left + ratio * (high - left)];
  }
  return f((low + high) / 2);
}
