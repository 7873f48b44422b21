/** Rings when something changes in folders; a poll stands behind it, for some file systems say nothing. */
import { watch, type FSWatcher } from "node:fs";

export type FolderBell = {
  /**
   * From now on these folders are heard, each without what is below it; no others. True where one is new: what happened in it
   * until now was not heard.
   */
  readonly hear: (folders: readonly string[]) => boolean;
  /** Forgets that it rang. Call it before looking: what changes while you look then rings again. */
  readonly reset: () => void;
  /** Resolves when it rings, or rang since `reset`; at the latest after `ms`. */
  readonly wait: (ms: number) => Promise<void>;
  readonly close: () => void;
};

/** Each takes one of the few thousand watches that a system gives a user; folders beyond are left to the poll. */
const heardMax = 1000;

/** Rings for good once `signal` is aborted. */
export function createFolderBell(signal: AbortSignal): FolderBell {
  const heard = new Map<string, FSWatcher | undefined>();
  let ring: (() => void) | undefined;
  let rung = signal.aborted;
  const strike = (): void => {
    rung = true;
    ring?.();
  };
  signal.addEventListener("abort", strike, { once: true });
  return {
    hear: (folders) => {
      const wanted = new Set(folders.slice(0, heardMax));
      for (const [folder, watcher] of heard) {
        if (wanted.has(folder)) continue;
        watcher?.close();
        heard.delete(folder);
      }
      const fresh = [...wanted].filter((folder) => !heard.has(folder));
      for (const folder of fresh) heard.set(folder, watchFolder(folder, strike));
      return fresh.length > 0;
    },
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
      for (const watcher of heard.values()) watcher?.close();
      signal.removeEventListener("abort", strike);
    },
  };
}

function watchFolder(folder: string, strike: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, strike);
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
