/** The cases that an agent has on its desk: a few at a time, repeated when they must wait, kept when the server is away. */
import type { Random } from "../world/random.ts";
import type { Report } from "./command-line.ts";

/** What an attempt at a case came to: it is closed, or it is due again. */
export type Verdict = "closed" | { readonly againMs: number };

export type Desk = {
  /** Puts a case on the desk; it is tried at the next `work`. A case that is known is not opened again. */
  readonly open: (id: string, attempt: () => Promise<Verdict>) => void;
  readonly knows: (id: string) => boolean;
  /** Starts attempts that are due, as far as hands are free. Never rejects. */
  readonly work: () => void;
  /** Resolves when no attempt is running. */
  readonly settle: () => Promise<void>;
};

type Case = { readonly attempt: () => Promise<Verdict>; dueMs: number; tries: number; failures: number };

/** A call may be held for most of a minute, so several run at once; repeats leave some hands for new cases. */
const HANDS = 8;
const HANDS_FOR_REPEATS = 4;

export function createDesk(options: {
  readonly random: Random;
  readonly report: Report;
  /** Once it aborts, calls break off because the agent hangs up; that is no news. */
  readonly signal: AbortSignal;
}): Desk {
  const { random, report, signal } = options;
  const known = new Set<string>();
  const waiting = new Map<string, Case>();
  const running = new Map<Promise<void>, { readonly repeat: boolean }>();

  const attempt = async (id: string, item: Case): Promise<void> => {
    try {
      const verdict = await item.attempt();
      item.failures = 0;
      if (verdict === "closed") return;
      item.dueMs = performance.now() + verdict.againMs;
    } catch (error) {
      item.failures += 1;
      const againMs = backoff(item.failures, random);
      item.dueMs = performance.now() + againMs;
      if (!signal.aborted) report("unreachable", { case: id, message: messageOf(error), againMs });
    }
    waiting.set(id, item);
  };

  const start = (id: string, item: Case): void => {
    waiting.delete(id);
    const repeat = item.tries > 0;
    item.tries += 1;
    const task = attempt(id, item).finally(() => {
      running.delete(task);
    });
    running.set(task, { repeat });
  };

  return {
    open: (id, run) => {
      if (known.has(id)) return;
      known.add(id);
      waiting.set(id, { attempt: run, dueMs: 0, tries: 0, failures: 0 });
    },
    knows: (id) => known.has(id),
    work: () => {
      const nowMs = performance.now();
      for (const [id, item] of waiting) {
        const repeats = [...running.values()].filter(({ repeat }) => repeat).length;
        const free = running.size < HANDS && (item.tries === 0 || repeats < HANDS_FOR_REPEATS);
        if (free && item.dueMs <= nowMs) start(id, item);
      }
    },
    settle: async () => {
      await Promise.allSettled(running.keys());
    },
  };
}

/** Half a second doubled per failure up to ten seconds, with a quarter of jitter to each side. */
export function backoff(failures: number, random: Random): number {
  const baseMs = Math.min(500 * 2 ** (failures - 1), 10_000);
  return Math.round(baseMs * (0.75 + random.next() / 2));
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
