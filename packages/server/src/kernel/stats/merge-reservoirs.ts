/** Two uniform samples of two streams become one uniform sample of both. */
import type { RandomStream } from "./random-stream.ts";

/** `seen` values were there; `values` are all of them, or a uniform sample drawn without replacement. */
export type DrawnSample = { readonly values: Float64Array; readonly seen: number };

/**
 * How many of the merged sample come from the first is drawn from the hypergeometric distribution, urn by urn, and these
 * are then drawn from that sample without replacement: each value of either stream is in the result with the same chance
 * (the distributed form of reservoir sampling; Cormode, Muthukrishnan, Yi & Zhang, "Continuous sampling from distributed
 * streams", J. ACM 59(2), 2012). A sample that was cut cannot give more than it has, so the result is no larger than the
 * smaller of those that were cut. Sorted, ascending.
 */
export function mergeReservoirs(
  first: DrawnSample,
  second: DrawnSample,
  { size, random }: { readonly size: number; readonly random: RandomStream },
): DrawnSample {
  const seen = first.seen + second.seen;
  const most = [first, second].flatMap(({ values, seen: of }) => (values.length < of ? [values.length] : []));
  const kept = Math.min(size, seen, ...most);
  if (kept === seen) return { values: joinSorted(first.values, second.values), seen };
  let [left, right, taken] = [first.seen, second.seen, 0];
  for (let at = 0; at < kept; at += 1) {
    if (random() * (left + right) < left) {
      left -= 1;
      taken += 1;
    } else right -= 1;
  }
  return { values: joinSorted(draw(first.values, taken, random), draw(second.values, kept - taken, random)), seen };
}

/** `count` of them, without replacement, by the first steps of Fisher and Yates' shuffle. */
function draw(values: Float64Array, count: number, random: RandomStream): Float64Array {
  const pool = values.slice();
  for (let at = 0; at < count; at += 1) {
    const other = at + Math.floor(random() * (pool.length - at));
    const swapped = pool[other] ?? 0;
    pool[other] = pool[at] ?? 0;
    pool[at] = swapped;
  }
  return pool.subarray(0, count);
}

function joinSorted(first: Float64Array, second: Float64Array): Float64Array {
  const joined = new Float64Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined.toSorted();
}
