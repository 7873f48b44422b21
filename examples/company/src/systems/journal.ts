/** An append-only file of JSON lines, on disk before anybody is answered, that survives a kill at any point. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Owns the open file. Writes are synchronous, so that the order on disk is the order of the decisions. */
export class Journal<Entry> {
  readonly #file: number;

  /** Opens or creates the file. Call `readJournal` first for what it holds. */
  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    cutTornLine(path);
    this.#file = openSync(path, "a", 0o600);
  }

  append(entry: Entry): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
    fsyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** All whole lines of the file, oldest first; none when there is no file. `parse` throws on a line it does not know. */
export function readJournal<Entry>(path: string, parse: (line: unknown) => Entry): Entry[] {
  if (!existsSync(path)) return [];
  const text = readFileSync(path, "utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  return whole.split("\n").flatMap((line) => (line === "" ? [] : [parse(JSON.parse(line))]));
}

/** A line without its end was never answered for: the process died while writing it. */
function cutTornLine(path: string): void {
  if (!existsSync(path)) return;
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf(10) + 1;
  if (end < bytes.length) truncateSync(path, end);
}
