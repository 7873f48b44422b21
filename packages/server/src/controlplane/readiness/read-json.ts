/** Reads JSON: one list of records, or one record a line. What is nested gets a path for its name. */
import { AirworthyError } from "@airworthy/contract";

import { recordBytesMax } from "./record-sink.ts";
import type { Cell, Reading } from "./record-sink.ts";
import { createElementSplitter, createLineSplitter } from "./split-json.ts";

const depthMax = 5;

export async function readJson(reading: Reading, format: "json" | "jsonl"): Promise<void> {
  const { path, sink, keepRaw } = reading;
  let number = 0;
  const take = (text: string): void => {
    number += 1;
    const value = parseRecord(text);
    if (value === undefined) {
      sink.unreadable({ number, why: "a JSON object expected", raw: text });
      return;
    }
    const columns: string[] = [];
    const cells: Cell[] = [];
    for (const [name, cell] of flatten(value, "", 1)) {
      columns.push(name);
      cells.push(cell);
    }
    sink.record({ number, columns, cells, raw: keepRaw ? text : undefined });
  };
  const splitter = format === "json" ? createElementSplitter(take) : createLineSplitter(take);
  const decoder = new TextDecoder();
  for await (const chunk of reading.chunks) {
    splitter.push(decoder.decode(chunk, { stream: true }));
    if (splitter.waiting() > recordBytesMax) throw cut(path, `record ${number + 1} has no end within 4 MiB`);
  }
  splitter.push(decoder.decode());
  const fault = splitter.end();
  if (fault !== undefined) throw cut(path, fault);
}

const cut = (path: string, fault: string): AirworthyError =>
  new AirworthyError("invalid_input", `${path} cannot be read to its end: ${fault}.`, {
    fix: "Correct the file; it must be one list of records, or one record a line.",
  });

function parseRecord(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isMap(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Objects become paths (`address.city`); lists, and what is nested too deep, stay one value. */
function* flatten(
  value: Readonly<Record<string, unknown>>,
  above: string,
  depth: number,
): Generator<readonly [name: string, cell: Cell]> {
  for (const [key, inner] of Object.entries(value)) {
    const name = above === "" ? key : `${above}.${key}`;
    if (isMap(inner) && depth < depthMax) yield* flatten(inner, name, depth + 1);
    else if (isMap(inner)) yield [name, Object.entries(inner)];
    else yield [name, isCell(inner) ? inner : null];
  }
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isCell = (value: unknown): value is Cell =>
  value === null || ["string", "number", "boolean"].includes(typeof value) || Array.isArray(value);
