/** Reads one cell of a sheet: the value that was there when the workbook was saved. Nothing is calculated. */
import type { Cell } from "../source-record.ts";
import { type MomentForm, momentOf } from "./moment-of.ts";
import type { Styles } from "./read-styles.ts";
import { unescapeText } from "./take-text.ts";

/** As it stands in the sheet. */
export type StoredCell = {
  /** Absent: a number. */
  readonly type: string | undefined;
  readonly style: number;
  readonly value: string;
  /** Text that stands in the cell itself. */
  readonly inline: string | undefined;
  readonly hasFormula: boolean;
};

export type SheetContext = {
  readonly strings: readonly string[];
  readonly styles: Styles;
  readonly is1904: boolean;
};

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;

/**
 * A value that cannot be one of any field: a list, which a sheet cannot hold, so that no type of a contract takes it for its own.
 */
const faulty = (what: string): Cell => [what];

/** Undefined for a cell that is empty. */
export function cellOf(cell: StoredCell, context: SheetContext): Cell {
  const { type, value, hasFormula } = cell;
  if (type === "inlineStr") return cell.inline ?? "";
  if (type === "str") return unescapeText(value);
  if (value === "") return hasFormula ? faulty("a formula without its value") : undefined;
  return valueOf(cell, context);
}

function valueOf({ type, value, style }: StoredCell, { strings, styles, is1904 }: SheetContext): Cell {
  const form = styles[style];
  if (type === "s") {
    return (/^\d{1,10}$/.test(value) ? strings[Number(value)] : undefined) ?? faulty("a text that is not there");
  }
  if (type === "b") return value === "1" || value === "true";
  if (type === "e") return faulty(value.slice(0, 40));
  return type === "d" ? dayOf(value, form) : numberOf(value, { form, is1904 });
}

/** Written as a date already; Excel adds midnight to days. */
function dayOf(value: string, form: MomentForm | undefined): Cell {
  return form === "date" ? value.replace(/T00:00:00(?:\.0+)?Z?$/, "") : value;
}

function numberOf(
  text: string,
  { form, is1904 }: { readonly form: MomentForm | undefined; readonly is1904: boolean },
): Cell {
  if (!decimal.test(text)) return faulty(text.slice(0, 40));
  if (form !== undefined) return momentOf(Number(text), { form, is1904 }) ?? faulty(`no day: ${text.slice(0, 30)}`);
  // Longer than a number is exact: a name made of digits.
  if (/^[+-]?\d{16,}$/.test(text)) return text;
  // Fifteen digits are what Excel shows: 0.30000000000000004 is how it keeps 0.3.
  return Number(Number(text).toPrecision(15));
}
