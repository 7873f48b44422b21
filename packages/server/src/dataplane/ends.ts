/** Who waits for the end of which action on this node: told at once when it happens here, found by looking otherwise. */
import type { ActionAnswer } from "@airworthy/contract";

type Told = ActionAnswer | undefined;
export type Ends = {
  /** `answer` where the whole of it is at hand; the store does not keep every result. */
  readonly announce: (tenant: string, id: string, answer?: ActionAnswer) => void;
  /** Resolves when the action has moved here, with its answer if that was told; or with nothing after `ms`. */
  readonly next: (tenant: string, id: string, ms: number) => Promise<Told>;
};

export function createEnds(): Ends {
  const waiting = new Map<string, Set<(told: Told) => void>>();
  const keyOf = (tenant: string, id: string): string => `${tenant} ${id}`;
  return {
    announce: (tenant, id, answer) => {
      for (const wake of waiting.get(keyOf(tenant, id)) ?? []) wake(answer);
    },
    next: (tenant, id, ms) =>
      new Promise((resolve) => {
        const key = keyOf(tenant, id);
        const set = waiting.get(key) ?? new Set();
        waiting.set(key, set);
        const wake = (told: Told): void => {
          clearTimeout(timer);
          set.delete(wake);
          if (set.size === 0) waiting.delete(key);
          resolve(told);
        };
        const timer = setTimeout(wake, ms, undefined);
        set.add(wake);
      }),
  };
}
