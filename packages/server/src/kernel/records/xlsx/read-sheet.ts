/** Reads the rows of a sheet one after the other, and the ranges whose cells are merged, which stand behind them. */
import { recordBytesMax } from "../record-sink.ts";
import type { Cell } from "../source-record.ts";
import { type SheetContext, cellOf } from "./cell-of.ts";
import { readXml, XmlError } from "./read-xml.ts";
import { createTextTaker } from "./take-text.ts";

/** By column, from 0; empty cells are not among them. */
export type SheetRow = { readonly row: number; readonly cells: ReadonlyMap<number, Cell> };
/** From 1 and from 0; both ends are in it. */
export type CellRange = {
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
  readonly text: string;
};

export type SheetTaker = {
  readonly row: (row: SheetRow) => void;
  readonly merged: (range: CellRange) => void;
  readonly drain?: (() => Promise<void> | undefined) | undefined;
};

const rowsMax = 1_048_576;
const columnsMax = 16_384;

/** @throws XmlError where it is no sheet. */
export async function readSheet(
  chunks: AsyncIterable<Buffer>,
  taker: SheetTaker,
  context: SheetContext,
): Promise<void> {
  const rows = createRowTaker(taker.row, context);
  /** Extensions of later programs, whose elements may be called the same. */
  let foreign = 0;
  await readXml(
    chunks,
    {
      open: (name, attributes) => {
        if (name === "extLst" || foreign > 0) foreign += 1;
        else if (name === "mergeCell") taker.merged(rangeOf(attributes["ref"] ?? ""));
        else rows.open(name, attributes);
      },
      text: (text) => {
        if (foreign === 0) rows.text(text);
      },
      close: (name) => {
        if (foreign > 0) foreign -= 1;
        else rows.close(name);
      },
    },
    taker.drain,
  );
}

type Open = { column: number; type: string | undefined; style: number; value: string; hasFormula: boolean };

function createRowTaker(take: (row: SheetRow) => void, context: SheetContext) {
  let [row, column, length] = [0, -1, 0];
  let cells = new Map<number, Cell>();
  let cell: Open | undefined;
  let inline: string | undefined;
  let isInValue = false;
  const texts = createTextTaker((text) => void (inline = text), "is");
  const openRow = (at: string | undefined): void => {
    const next = at === undefined ? row + 1 : wholeNumber(at);
    if (next <= row || next > rowsMax) throw new XmlError(`its rows are not in order at row ${row + 1}`);
    [row, column, length, cells] = [next, -1, 0, new Map()];
  };
  const openCell = ({ r, t, s = "0" }: Readonly<Record<string, string>>): void => {
    const next = r === undefined ? column + 1 : placeOf(r).column;
    if (next <= column || next >= columnsMax) throw new XmlError(`its cells are not in order in row ${row}`);
    column = next;
    inline = undefined;
    cell = { column, type: t, style: wholeNumber(s), value: "", hasFormula: false };
  };
  const closeCell = ({ type, style, value, hasFormula }: Open): void => {
    const read = cellOf({ type, style, value, inline, hasFormula }, context);
    if (read !== undefined && read !== "") cells.set(column, read);
    length += typeof read === "string" ? read.length : 8;
    if (length > recordBytesMax) throw new XmlError(`row ${row} is longer than 4 MiB`);
    cell = undefined;
  };
  return {
    open: (name: string, attributes: Readonly<Record<string, string>>): void => {
      if (name === "row") openRow(attributes["r"]);
      else if (name === "c" && row > 0) openCell(attributes);
      else if (cell !== undefined && name === "v") isInValue = true;
      else if (cell !== undefined && name === "f") cell.hasFormula = true;
      else if (cell !== undefined) texts.open(name, attributes);
    },
    text: (text: string): void => {
      if (cell === undefined) return;
      if (!isInValue) texts.text(text);
      else if (cell.value.length <= recordBytesMax) cell.value += text;
    },
    close: (name: string): void => {
      if (name === "row") take({ row, cells });
      else if (name === "c" && cell !== undefined) closeCell(cell);
      else if (name === "v") isInValue = false;
      else if (cell !== undefined) texts.close(name);
    },
  };
}

function wholeNumber(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new XmlError(`"${text.slice(0, 20)}" is no number`);
  return Number(text);
}

/** B3 is column 1 of row 3. */
function placeOf(text: string): { readonly column: number; readonly row: number } {
  const [, letters, digits] = /^\$?([A-Z]{1,3})\$?(\d{1,7})$/.exec(text) ?? [];
  if (letters === undefined) throw new XmlError(`"${text.slice(0, 20)}" is no cell`);
  const column = Array.from(letters).reduce((sum, letter) => sum * 26 + (letter.codePointAt(0) ?? 0) - 64, 0);
  return { column: column - 1, row: Number(digits) };
}

function rangeOf(text: string): CellRange {
  const [from = "", to = from] = text.split(":");
  const [first, last] = [placeOf(from), placeOf(to)];
  return { rows: [first.row, last.row], columns: [first.column, last.column], text };
}

/** 1 is B. */
export function columnName(column: number): string {
  const before = column < 26 ? "" : columnName(Math.floor(column / 26) - 1);
  return before + String.fromCodePoint(65 + (column % 26));
}
