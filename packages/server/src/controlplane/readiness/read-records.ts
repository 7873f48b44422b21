/** Reads a file of records, CSV, JSON or JSON lines, as a stream: memory is bounded by the longest record, not by the file. */
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { extname } from "node:path";

import { AirworthyError } from "@airworthy/contract";

import { readCsv } from "./read-csv.ts";
import { readJson } from "./read-json.ts";
import type { RecordSink, SourceFormat } from "./record-sink.ts";

export type ReadOptions = {
  readonly keepRaw?: boolean;
  /** Called before the first record. */
  readonly onFormat?: (format: SourceFormat) => void;
  /** Called with the first line of a CSV file as it stands in it, with `keepRaw`. */
  readonly onHeader?: (header: string) => void;
  /** Called now and then while a long file is read. */
  readonly onProgress?: (done: { readonly bytes: number; readonly totalBytes: number }) => void;
};

const chunkBytes = 256 * 1024;

/** @throws AirworthyError `not_found` without the file, `invalid_input` when it is not what its name says. */
export async function readRecords(path: string, sink: RecordSink, options: ReadOptions = {}): Promise<SourceFormat> {
  const totalBytes = await sizeOf(path);
  const start = await readStart(path);
  const format = formatOf(path, start);
  options.onFormat?.(format);
  const chunks = readChunks(path, { totalBytes, onProgress: options.onProgress });
  const reading = { path, chunks, start, keepRaw: options.keepRaw === true, sink };
  if (format === "csv") await readCsv(reading, options.onHeader);
  else await readJson(reading, format);
  return format;
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new AirworthyError("not_found", `There is no file ${path}.`, { cause, fix: "Name a CSV or JSON file." });
  });
  if (found.isFile()) return found.size;
  throw new AirworthyError("invalid_input", `${path} is not a file.`, { fix: "Name one CSV or JSON file." });
}

/** Enough of the file to know its format and its delimiter. */
async function readStart(path: string): Promise<string> {
  const file = await open(path).catch((cause: unknown) => {
    throw new AirworthyError("invalid_input", `${path} cannot be read.`, { cause, fix: "Check its permissions." });
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(65_536), 0, 65_536, 0);
    const [first, second] = buffer;
    if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
      throw new AirworthyError("invalid_input", `${path} is UTF-16.`, { fix: "Save it as UTF-8." });
    }
    return buffer.toString("utf8", 0, bytesRead).replace(/^\uFEFF/, "");
  } finally {
    await file.close();
  }
}

/** By name where the name says it, else by how the file begins. */
function formatOf(path: string, start: string): SourceFormat {
  const extension = extname(path).toLowerCase();
  if ([".csv", ".tsv", ".psv"].includes(extension)) return "csv";
  if ([".jsonl", ".ndjson"].includes(extension)) return "jsonl";
  if (/^\s*\[/.test(start)) return "json";
  if (/^\s*\{/.test(start)) return "jsonl";
  if (extension === ".json") {
    throw new AirworthyError("invalid_input", `${path} holds neither a list of records nor one record a line.`, {
      fix: "Write [{…}, {…}] or one {…} a line.",
    });
  }
  return "csv";
}

async function* readChunks(
  path: string,
  { totalBytes, onProgress }: { readonly totalBytes: number; readonly onProgress: ReadOptions["onProgress"] },
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes })) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    yield buffer;
    onProgress?.({ bytes, totalBytes });
  }
}
