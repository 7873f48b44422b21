/** A bar on stderr while a long file is read; only where a person is looking, and it leaves no trace. */

type Screen = {
  readonly err: (text: string) => void;
  readonly errIsTerminal: boolean;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
};
type OnProgress = (done: { readonly bytes: number; readonly totalBytes: number }) => void;

const waitMs = 300;
const frameMs = 100;
const barColumns = 30;
const clearLine = "\r\u001B[K";

/** Runs it; after 300 ms a bar shows how much of the file has been read. */
export async function withProgress<T>(screen: Screen, run: (onProgress: OnProgress) => Promise<T>): Promise<T> {
  const startMs = screen.now();
  let lastMs = startMs + waitMs - frameMs;
  let drawn = false;
  const draw: OnProgress = ({ bytes, totalBytes }) => {
    const nowMs = screen.now();
    if (!screen.errIsTerminal || nowMs - lastMs < frameMs) return;
    lastMs = nowMs;
    drawn = true;
    const share = totalBytes === 0 ? 1 : Math.min(1, bytes / totalBytes);
    const full = Math.round(share * barColumns);
    const rate = (bytes / 1_048_576 / Math.max(1, nowMs - startMs)) * 1000;
    const bar = "█".repeat(full) + "░".repeat(barColumns - full);
    screen.err(`\r${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${rate.toFixed(1)} MiB/s`);
  };
  try {
    return await run(draw);
  } finally {
    if (drawn) screen.err(clearLine);
  }
}
