/** Whether something is as frequent in one sample as in another: Fisher's exact test where it is cheap, χ² beyond. */
import { testCounts } from "./chi-square.ts";
import { logChoose } from "./gamma.ts";

/** `hits` of `total`. */
export type Share = { readonly hits: number; readonly total: number };

/** With more possible tables than this, every expected count is large enough for χ². */
const tablesMax = 20_000;
/** Tables are "as rare" within rounding. */
const slack = 1 + 1e-7;

/** Two-sided p; 1 when a sample is empty. */
export function testShares(first: Share, second: Share): number {
  if (first.total === 0 || second.total === 0) return 1;
  const hits = first.hits + second.hits;
  const misses = first.total + second.total - hits;
  if (Math.min(hits, misses, first.total, second.total) <= tablesMax) return fisher(first, second);
  return testCounts([first.hits, first.total - first.hits], [second.hits, second.total - second.hits]).pValue;
}

/** The probability of all tables with these margins that are no likelier than this one (R. A. Fisher 1935). */
function fisher(first: Share, second: Share): number {
  const hits = first.hits + second.hits;
  const lowest = Math.max(0, hits - second.total);
  const highest = Math.min(hits, first.total);
  const logAll = logChoose(first.total + second.total, hits);
  const weight = (k: number): number => logChoose(first.total, k) + logChoose(second.total, hits - k) - logAll;
  const observed = weight(first.hits) + Math.log(slack);
  let p = 0;
  for (let k = lowest; k <= highest; k += 1) {
    const log = weight(k);
    if (log <= observed) p += Math.exp(log);
  }
  return Math.min(1, p);
}
