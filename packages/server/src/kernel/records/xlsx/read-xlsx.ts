/** Reads one sheet of an XLSX workbook as records: a row names the columns, every row below it that holds something is one. */
import { nameColumns } from "../name-columns.ts";
import type { FileShape, RecordSink } from "../record-sink.ts";
import type { Cell } from "../source-record.ts";
import { badWorkbook } from "./bad-workbook.ts";
import { findSheet } from "./find-sheet.ts";
import { openParts } from "./open-parts.ts";
import { type CellRange, columnName, readSheet, type SheetRow } from "./read-sheet.ts";
import { readStrings } from "./read-strings.ts";
import { readStyles } from "./read-styles.ts";
import { XmlError } from "./read-xml.ts";

export type XlsxReading = {
  readonly path: string;
  readonly shape: FileShape;
  /** Records are given as lines of CSV. */
  readonly keepRaw: boolean;
  readonly sink: RecordSink;
  readonly onHeader?: ((header: string) => void) | undefined;
  readonly onProgress?: ((done: { readonly bytes: number; readonly totalBytes: number }) => void) | undefined;
};

/** @throws AirworthyError `invalid_input` for what is no sound workbook without macros, or has merged cells among its records. */
export async function readXlsx(reading: XlsxReading): Promise<void> {
  const { path, shape, sink, onProgress } = reading;
  const parts = await openParts(path);
  try {
    const { sheet, strings, styles, is1904 } = await findSheet(path, parts, shape.sheet);
    const texts = await readStrings(path, parts, strings);
    const context = { strings: texts, styles: await readStyles(parts, styles), is1904 };
    const taker = createRecordTaker(reading);
    const progress = { totalBytes: parts.sizeOf(sheet), onProgress };
    await readSheet(counted(parts.read(sheet), progress), { ...taker, drain: sink.drain }, context);
    taker.end();
    await sink.drain?.();
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw badWorkbook(path, {
      says: `cannot be read to its end: ${error.message}`,
      fix: "Save it again.",
      cause: error,
    });
  } finally {
    parts.close();
  }
}

async function* counted(
  chunks: AsyncIterable<Buffer>,
  { totalBytes, onProgress }: { readonly totalBytes: number; readonly onProgress: XlsxReading["onProgress"] },
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    yield chunk;
    onProgress?.({ bytes, totalBytes });
  }
}

type Header = { readonly row: number; readonly places: readonly number[]; readonly columns: readonly string[] };

function createRecordTaker({ path, shape, keepRaw, sink, onHeader }: XlsxReading) {
  let header: Header | undefined;
  let [number, lastRow] = [0, 0];
  const takeRecord = ({ row, cells }: SheetRow, { places, columns }: Header): void => {
    number += 1;
    lastRow = row;
    const known = new Set(places);
    const stray = [...cells.keys()].find((column) => !known.has(column));
    const raw = stray !== undefined || keepRaw ? lineOf([...cells.values()]) : undefined;
    if (stray !== undefined) {
      const why = `nothing outside the named columns expected, found something in ${columnName(stray)}${row}`;
      sink.unreadable({ number, why, raw: raw ?? "" });
      return;
    }
    const values = places.map((place) => cells.get(place) ?? null);
    sink.record({ number, columns, cells: values, raw: keepRaw ? lineOf(values) : undefined });
  };
  return {
    row: (row: SheetRow): void => {
      if (row.cells.size === 0 || row.row < (shape.header ?? 1)) return;
      if (header !== undefined) {
        takeRecord(row, header);
        return;
      }
      header = readHeader(path, row, shape.header);
      if (keepRaw) onHeader?.(lineOf(header.columns));
    },
    merged: (range: CellRange): void => {
      if (header === undefined || range.rows[0] > lastRow || range.rows[1] <= header.row) return;
      const [first = 0, last = first] = [header.places[0], header.places.at(-1)];
      const isOne = range.rows[0] === range.rows[1] && range.columns[0] === range.columns[1];
      if (isOne || range.columns[0] > last || range.columns[1] < first) return;
      throw badWorkbook(path, {
        says: `has merged cells among its records (${range.text}), of which one alone has the value`,
        fix: "Unmerge them and fill each.",
      });
    },
    end: (): void => {
      if (header !== undefined) return;
      const where = shape.header === undefined ? "has no row" : `has nothing in row ${shape.header}`;
      throw badWorkbook(path, { says: `${where} that names the columns`, fix: "Say header, the number of that row." });
    },
  };
}

function readHeader(path: string, { row, cells }: SheetRow, wanted: number | undefined): Header {
  if (wanted !== undefined && row !== wanted) {
    const says = `has nothing in row ${wanted}, which should name the columns`;
    throw badWorkbook(path, { says, fix: "Say header, the number of the row that does." });
  }
  const places = [...cells.keys()];
  const fault = [...cells].find(([, cell]) => Array.isArray(cell));
  if (fault !== undefined) {
    const says = `has no name but ${String(fault[1])} in ${columnName(fault[0])}${row}`;
    throw badWorkbook(path, { says, fix: "Name that column." });
  }
  return { row, places, columns: nameColumns(`Row ${row} of ${path}`, [...cells.values()].map(String)) };
}

/** As CSV, for those who want the record as a text. */
function lineOf(cells: readonly Cell[]): string {
  return cells
    .map((cell) => {
      const text = cell === undefined || cell === null ? "" : String(cell);
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    })
    .join(",");
}
