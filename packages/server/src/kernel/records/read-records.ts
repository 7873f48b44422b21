/** Reads a file of records, CSV, JSON, JSON lines, fixed width or XLSX, gzipped or not, as a stream: memory is bounded by the longest record, not by the file. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { extname } from "node:path";

import { Readable } from "node:stream";
import { constants, createGunzip } from "node:zlib";

import { AirworthyError } from "@airworthy/contract";

import { readCsv } from "./read-csv.ts";
import { readFixed } from "./read-fixed.ts";
import { readJson } from "./read-json.ts";
import type { FileShape, RecordSink, SourceFormat } from "./record-sink.ts";

export type ReadOptions = {
  readonly shape?: FileShape;
  readonly keepRaw?: boolean;
  /** Called before the first record. */
  readonly onFormat?: (format: SourceFormat) => void;
  /** Called with the first line of a CSV file as it stands in it, with `keepRaw`. */
  readonly onHeader?: (header: string) => void;
  /** Called now and then while a long file is read. */
  readonly onProgress?: (done: { readonly bytes: number; readonly totalBytes: number }) => void;
};

const chunkBytes = 256 * 1024;
const startBytes = 65_536;
/** A file that unpacks to more than this is taken for a trap. */
const unpackedMax = 16 * 1024 ** 3;
/** How archives of ZIP begin, and workbooks before XLSX. */
const archive = Buffer.from([0x50, 0x4b, 0x03, 0x04]);
const oldWorkbook = Buffer.from([0xd0, 0xcf, 0x11, 0xe0]);

/** @throws AirworthyError `not_found` without the file, `invalid_input` when it is not what its name says. */
export async function readRecords(path: string, sink: RecordSink, options: ReadOptions = {}): Promise<SourceFormat> {
  const totalBytes = await sizeOf(path);
  const { shape = {}, keepRaw = false } = options;
  if (isWorkbook(path, shape)) return readWorkbook(path, sink, options);
  const start = await readStart(path, shape);
  const format = textFormatOf(path, shape, start);
  options.onFormat?.(format);
  const chunks = decode(path, shape, unpack(path, readChunks(path, { totalBytes, onProgress: options.onProgress })));
  const reading = { path, chunks, start, keepRaw, shape, sink };
  if (format === "csv") await readCsv(reading, options.onHeader);
  else if (format === "fixed") await readFixed(reading);
  else await readJson(reading, format);
  return format;
}

/** Those that are none by our measure are refused by the reader, which knows why. */
const isWorkbook = (path: string, { format }: FileShape): boolean =>
  format === undefined ? /\.(?:xls[xmb]?|xlt[xm]|ods)(?:\.gz)?$/i.test(path) : format === "xlsx";

/** A workbook is read from its end: it cannot be unpacked on the way. */
async function readWorkbook(path: string, sink: RecordSink, options: ReadOptions): Promise<SourceFormat> {
  if (/\.gz$/i.test(path)) {
    throw new AirworthyError("invalid_input", `${path} is a packed workbook.`, {
      fix: "Unpack it; it is packed inside.",
    });
  }
  options.onFormat?.("xlsx");
  const { readXlsx } = await import("./xlsx/read-xlsx.ts");
  const { shape = {}, keepRaw = false, onHeader, onProgress } = options;
  await readXlsx({ path, shape, keepRaw, sink, onHeader, onProgress });
  return "xlsx";
}

/** Everything behind this reads UTF-8. */
async function* decode(path: string, { encoding }: FileShape, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const decoder = encoding === "windows-1252" ? new TextDecoder("windows-1252") : undefined;
  const strict = encoding === "utf-8" ? new TextDecoder("utf-8", { fatal: true }) : undefined;
  for await (const chunk of chunks) {
    if (decoder !== undefined) yield Buffer.from(decoder.decode(chunk, { stream: true }));
    else {
      if (strict !== undefined) checkUtf8(path, () => strict.decode(chunk, { stream: true }));
      yield chunk;
    }
  }
  if (strict !== undefined) checkUtf8(path, () => strict.decode());
}

function checkUtf8(path: string, decodeNext: () => unknown): void {
  try {
    decodeNext();
  } catch (cause) {
    throw new AirworthyError("invalid_input", `${path} is not UTF-8.`, {
      cause,
      fix: "Say its encoding, windows-1252, or save it as UTF-8.",
    });
  }
}

async function* unpack(path: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (!/\.gz$/i.test(path)) {
    yield* chunks;
    return;
  }
  const gunzip = createGunzip();
  const source = Readable.from(chunks, { objectMode: false });
  source.on("error", (error) => gunzip.destroy(error));
  let bytes = 0;
  try {
    for await (const chunk of source.pipe(gunzip)) {
      const buffer = Buffer.from(chunk);
      bytes += buffer.length;
      if (bytes > unpackedMax) throw new Error("it unpacks to more than 16 GiB");
      yield buffer;
    }
  } catch (cause) {
    if (cause instanceof AirworthyError) throw cause;
    const why = cause instanceof Error ? cause.message : "unknown cause";
    throw new AirworthyError("invalid_input", `${path} cannot be unpacked (${why}).`, {
      cause,
      fix: "Pack it again; it is broken or not gzip.",
    });
  }
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new AirworthyError("not_found", `There is no file ${path}.`, { cause, fix: "Name a file of records." });
  });
  if (found.isFile()) return found.size;
  throw new AirworthyError("invalid_input", `${path} is not a file.`, { fix: "Name one file of records." });
}

/** Enough of the file to know its format and its delimiter. */
async function readStart(path: string, { encoding = "utf-8" }: FileShape): Promise<string> {
  const chunks: Buffer[] = [];
  const stream = createReadStream(path, { end: startBytes - 1 });
  stream.on("error", () => undefined);
  try {
    // Of a packed file the beginning alone is unpacked, and its end is missing.
    const unpacked = /\.gz$/i.test(path) ? stream.pipe(createGunzip({ finishFlush: constants.Z_SYNC_FLUSH })) : stream;
    for await (const chunk of unpacked) {
      chunks.push(Buffer.from(chunk));
      if (chunks.reduce((sum, { length }) => sum + length, 0) >= startBytes) break;
    }
  } catch (cause) {
    throw new AirworthyError("invalid_input", `${path} cannot be read.`, { cause, fix: "Check its permissions." });
  }
  const bytes = Buffer.concat(chunks).subarray(0, startBytes);
  if (bytes.subarray(0, 4).equals(archive) || bytes.subarray(0, 4).equals(oldWorkbook)) {
    throw new AirworthyError("invalid_input", `${path} is a workbook or an archive.`, {
      fix: "Say format: xlsx if it is one; else unpack it.",
    });
  }
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new AirworthyError("invalid_input", `${path} is UTF-16.`, { fix: "Save it as UTF-8." });
  }
  return new TextDecoder(encoding).decode(bytes);
}

function textFormatOf(path: string, { format }: FileShape, start: string): Exclude<SourceFormat, "xlsx"> {
  return format === undefined || format === "xlsx" ? formatOf(path.replace(/\.gz$/i, ""), start) : format;
}

/** By name where the name says it, else by how the file begins. */
function formatOf(path: string, start: string): "csv" | "json" | "jsonl" {
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
