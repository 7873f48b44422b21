/** Reads JSON: one list of records, or one record a line. What is nested gets a path for its name. */
import { AirworthyError } from "@airworthy/contract";

import { flattenRecord } from "./flatten-record.ts";
import { recordBytesMax } from "./record-sink.ts";
import type { Reading } from "./record-sink.ts";
import { createElementSplitter, createLineSplitter } from "./split-json.ts";

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
    sink.record({ number, ...flattenRecord(value), raw: keepRaw ? text : undefined });
  };
  const splitter = format === "json" ? createElementSplitter(take) : createLineSplitter(take);
  const decoder = new TextDecoder();
  for await (const chunk of reading.chunks) {
    splitter.push(decoder.decode(chunk, { stream: true }));
    if (splitter.waiting() > recordBytesMax) throw cut(path, `record ${number + 1} has no end within 4 MiB`);
    // oxlint-disable-next-line no-await-in-loop -- the next chunk is read when there is room for it
    await sink.drain?.();
  }
  splitter.push(decoder.decode());
  await sink.drain?.();
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

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
