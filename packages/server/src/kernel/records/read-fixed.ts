/** Reads lines of fixed width: each column is so many characters, and a line of another length is no record. */
import { AirworthyError } from "@airworthy/contract";

import { recordBytesMax } from "./record-sink.ts";
import type { Reading } from "./record-sink.ts";

/** @throws AirworthyError `invalid_input` without columns, or for a line without end. */
export async function readFixed({ path, chunks, shape, keepRaw, sink }: Reading): Promise<void> {
  const columns = shape.columns ?? [];
  if (columns.length === 0) {
    throw new AirworthyError("invalid_input", `${path} has fixed width, and nothing says which columns it has.`, {
      fix: "Say columns, each with name and width.",
    });
  }
  const names = columns.map(({ name }) => name);
  const width = columns.reduce((sum, column) => sum + column.width, 0);
  const decoder = new TextDecoder();
  let [rest, number] = ["", 0];
  const take = (line: string): void => {
    if (line.trim() === "") return;
    number += 1;
    // Characters, not UTF-16 units: a rare letter must not move the columns behind it. Blanks at the end may be missing.
    const letters = Array.from(line);
    if (letters.length > width || letters.length <= width - (columns.at(-1)?.width ?? 0)) {
      sink.unreadable({ number, why: `${width} characters expected, ${letters.length} found`, raw: line });
      return;
    }
    let at = 0;
    const cells = columns.map((column) =>
      letters
        .slice(at, (at += column.width))
        .join("")
        .trim(),
    );
    sink.record({ number, columns: names, cells, raw: keepRaw ? line : undefined });
  };
  for await (const chunk of chunks) {
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
    if (rest.length > recordBytesMax) {
      throw new AirworthyError("invalid_input", `${path}: line ${number + 1} has no end within 4 MiB.`, {
        fix: "Part its records by line ends.",
      });
    }
    // oxlint-disable-next-line no-await-in-loop -- the next chunk is read when there is room for it
    await sink.drain?.();
  }
  take(rest + decoder.decode());
  await sink.drain?.();
}
