/** Puts off what failed for a reason that may pass: a few times, longer each time, until the file changes. */
import type { FoundDocument } from "./scan-tree.ts";

type Found = Pick<FoundDocument, "name" | "stamp">;

export type Retries = {
  /** Whether it is time to try. */
  readonly isDue: (found: Found) => boolean;
  /** False when it has been put off often enough. */
  readonly putOff: (found: Found) => boolean;
};

/** Milliseconds before the second try, the third and so on: a machine that is busy for a minute refuses nothing. */
const pausesMs = [1000, 5000, 20_000, 60_000];

/** `nowMonoMs` counts on, whatever happens to the time of day. */
export function createRetries(nowMonoMs: () => number = () => performance.now()): Retries {
  const waiting = new Map<string, { readonly stamp: string; readonly failures: number; readonly dueMonoMs: number }>();
  const own = ({ name, stamp }: Found) => {
    const one = waiting.get(name);
    return one?.stamp === stamp ? one : undefined;
  };
  return {
    isDue: (found) => (own(found)?.dueMonoMs ?? 0) <= nowMonoMs(),
    putOff: (found) => {
      const { name, stamp } = found;
      const failures = own(found)?.failures ?? 0;
      const pauseMs = pausesMs[failures];
      if (pauseMs === undefined) waiting.delete(name);
      else waiting.set(name, { stamp, failures: failures + 1, dueMonoMs: nowMonoMs() + pauseMs });
      return pauseMs !== undefined;
    },
  };
}
