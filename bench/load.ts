/** The load: so many callers, each making one call after the other for a while; and what a number of rounds amounts to. */
import { performance } from "node:perf_hooks";

export type Load = {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly calls: number;
};
export type Call = () => Promise<void>;

export async function runLoad(call: Call, { lanes, ms }: { lanes: number; ms: number }): Promise<Load> {
  const times: number[] = [];
  const began = performance.now();
  const until = began + ms;
  const lane = async (): Promise<void> => {
    for (let at = performance.now(); at < until; at = performance.now()) {
      // oxlint-disable-next-line no-await-in-loop -- a caller makes one call at a time
      await call();
      times.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const seconds = (performance.now() - began) / 1000;
  const sorted = times.toSorted((a, b) => a - b);
  const perSecond = times.length / seconds;
  return { perSecond, p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99), calls: times.length };
}

/** Of sorted values; the nearest rank. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))] ?? 0;
}

export const median = (values: readonly number[]): number =>
  percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  );

/** Neighbours on the machine only ever make a round worse, so the best one says most about the program. */
export function bestBy<T>(rounds: readonly T[], of: (round: T) => number): T {
  const [first, ...rest] = rounds;
  if (first === undefined) throw new Error("there was no round");
  return rest.reduce((best, round) => (of(round) < of(best) ? round : best), first);
}
