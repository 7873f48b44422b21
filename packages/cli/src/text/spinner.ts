/** A sign of life on stderr for what takes longer than a moment; only where a person is looking. */

type Screen = { readonly err: (text: string) => void; readonly errIsTerminal: boolean };

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;
const waitMs = 300;
const frameMs = 100;
const clearLine = "\r\u001B[K";

/** Runs it; after 300 ms a spinner turns until it ends, and then leaves no trace. */
export async function withSpinner<T>(screen: Screen, run: () => Promise<T>): Promise<T> {
  if (!screen.errIsTerminal) return run();
  let turn = 0;
  let frameTimer: NodeJS.Timeout | undefined;
  const draw = (): void => {
    screen.err(`\r${frames[turn % frames.length] ?? ""} waiting for the server`);
    turn += 1;
    frameTimer = setTimeout(draw, frameMs);
  };
  frameTimer = setTimeout(draw, waitMs);
  try {
    return await run();
  } finally {
    clearTimeout(frameTimer);
    if (turn > 0) screen.err(clearLine);
  }
}
