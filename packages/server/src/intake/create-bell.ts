/** Rings when one of some folders changes; a poll must stand behind it, for some file systems say nothing. */
import { watch } from "node:fs";

export type Bell = {
  /** What rang before is forgotten. */
  readonly reset: () => void;
  /** Until it rings, or `ms` have passed. */
  readonly wait: (ms: number) => Promise<void>;
  readonly close: () => void;
};

/** It also rings for good once `signal` is aborted. */
export function createBell(folders: readonly string[], signal: AbortSignal): Bell {
  let ring: (() => void) | undefined;
  let rung = signal.aborted;
  const strike = (): void => {
    rung = true;
    ring?.();
  };
  const watchers = folders.map((folder) => watchFolder(folder, strike));
  signal.addEventListener("abort", strike, { once: true });
  return {
    reset: () => void (rung = signal.aborted),
    wait: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(done, ms);
        function done(): void {
          clearTimeout(timer);
          ring = undefined;
          resolve();
        }
        if (rung) done();
        else ring = done;
      }),
    close: () => {
      for (const watcher of watchers) watcher?.close();
      signal.removeEventListener("abort", strike);
    },
  };
}

function watchFolder(folder: string, strike: () => void): ReturnType<typeof watch> | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, strike);
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
