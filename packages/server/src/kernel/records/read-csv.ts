/** Reads CSV: the delimiter is found, the first line names the columns, a line of another length is no record. */
import { Readable } from "node:stream";

import { AirworthyError } from "@airworthy/contract";
import { CsvError, parse, type Parser } from "csv-parse";

import { nameColumns } from "./name-columns.ts";
import { recordBytesMax } from "./record-sink.ts";
import type { Reading } from "./record-sink.ts";

const delimiters = [",", ";", "\t", "|"] as const;

export async function readCsv(reading: Reading, onHeader?: (header: string) => void): Promise<void> {
  const parser = parse({
    bom: true,
    delimiter: reading.shape.delimiter ?? findDelimiter(reading.start),
    relax_column_count: true,
    // A quote inside a value that does not begin with one is text: one careless line must not take the next ones with it.
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: recordBytesMax,
    raw: reading.keepRaw,
  });
  const source = Readable.from(reading.chunks, { objectMode: false });
  source.on("error", (error) => parser.destroy(error));
  try {
    await takeRows(source.pipe(parser), reading, onHeader);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new AirworthyError("invalid_input", `${reading.path} cannot be read to its end: ${error.message}`, {
      cause: error,
      fix: "Correct that line; a quote that never closes swallows everything behind it.",
    });
  }
}

async function takeRows(
  parser: Parser,
  { path, sink, keepRaw }: Reading,
  onHeader: ((header: string) => void) | undefined,
): Promise<void> {
  let columns: readonly string[] | undefined;
  let number = 0;
  for await (const row of parser) {
    const { cells, raw } = readRow(row, keepRaw);
    if (columns === undefined) {
      columns = nameColumns(`The first line of ${path}`, cells);
      if (raw !== undefined) onHeader?.(raw);
      continue;
    }
    number += 1;
    if (cells.length === columns.length) sink.record({ number, columns, cells, raw });
    else {
      const why = `${columns.length} columns expected, ${cells.length} found`;
      sink.unreadable({ number, why, raw: raw ?? cells.join(",") });
    }
    const full = sink.drain?.();
    // oxlint-disable-next-line no-await-in-loop -- the next row is read when there is room for it
    if (full !== undefined) await full;
  }
}

/** With `raw`, the library answers both forms of a row. */
function readRow(
  row: unknown,
  keepRaw: boolean,
): { readonly cells: readonly string[]; readonly raw: string | undefined } {
  if (!keepRaw) return { cells: isCells(row) ? row : [], raw: undefined };
  const pair = typeof row === "object" && row !== null ? row : {};
  const cells = "record" in pair && isCells(pair.record) ? pair.record : [];
  const raw = "raw" in pair && typeof pair.raw === "string" ? pair.raw : "";
  return { cells, raw: raw.replace(/[\r\n]+$/, "").replace(/^[\r\n\uFEFF]+/, "") };
}

const isCells = (row: unknown): row is readonly string[] => Array.isArray(row);

/** The one that parts the first line most often, quoted text left out. */
function findDelimiter(start: string): string {
  const [line = ""] = start.replaceAll(/"[^"]*"/g, "").split(/\r?\n|\r/, 1);
  const counts = delimiters.map((delimiter) => line.split(delimiter).length);
  return delimiters[counts.indexOf(Math.max(...counts))] ?? ",";
}
