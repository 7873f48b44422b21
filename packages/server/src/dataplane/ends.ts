/** Who waits for the end of which action on this node: told at once when it happens here, found by looking otherwise. */
export type Ends = {
  readonly announce: (tenant: string, id: string) => void;
  /** Resolves when the action has moved here, or after `ms`. */
  readonly next: (tenant: string, id: string, ms: number) => Promise<void>;
};

export function createEnds(): Ends {
  const waiting = new Map<string, Set<() => void>>();
  const keyOf = (tenant: string, id: string): string => `${tenant} ${id}`;
  return {
    announce: (tenant, id) => {
      for (const wake of waiting.get(keyOf(tenant, id)) ?? []) wake();
    },
    next: (tenant, id, ms) =>
      new Promise((resolve) => {
        const key = keyOf(tenant, id);
        const set = waiting.get(key) ?? new Set();
        waiting.set(key, set);
        const wake = (): void => {
          clearTimeout(timer);
          set.delete(wake);
          if (set.size === 0) waiting.delete(key);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        set.add(wake);
      }),
  };
}
