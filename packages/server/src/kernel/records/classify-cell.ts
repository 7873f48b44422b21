/** What kind of value a cell holds. CSV has text only, so there text is read; in JSON a number written as text is text. */
import type { ContractFieldType } from "@airworthy/contract";

import type { Cell } from "./source-record.ts";

export type CellKind = "missing" | ContractFieldType;

export const cellKinds = [
  "missing",
  "text",
  "integer",
  "number",
  "boolean",
  "date",
  "timestamp",
  "list",
] as const satisfies readonly CellKind[];

// A leading zero makes a code of it, not a number; more digits than a number holds make a name of it.
const integer = /^[+-]?(?:0|[1-9]\d{0,14})$/;
const number = /^[+-]?(?:(?:0|[1-9]\d*)(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
const date = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;
const timestamp =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[T ](?:[01]\d|2[0-3]):[0-5]\d(?::(?:[0-5]\d|60)(?:[.,]\d+)?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?$/;
/** What databases write for nothing. "NA" is Namibia and "-" is somebody's remark: those stay text. */
const nothing = new Set(["", "null", "NULL", String.raw`\N`]);

/** `untyped` for CSV. */
export function classifyCell(cell: Cell, untyped: boolean): CellKind {
  if (cell === null || cell === undefined) return "missing";
  if (typeof cell === "string") return untyped ? classifyText(cell) : classifyJsonText(cell);
  if (typeof cell === "number") return Number.isSafeInteger(cell) ? "integer" : "number";
  return typeof cell === "boolean" ? "boolean" : "list";
}

function classifyText(text: string): CellKind {
  const trimmed = text.trim();
  if (nothing.has(trimmed)) return "missing";
  const first = trimmed.codePointAt(0) ?? 0;
  if (first <= 0x39 && first >= 0x2b) return classifyDigits(trimmed);
  return trimmed.length <= 5 && /^(?:true|false)$/i.test(trimmed) ? "boolean" : "text";
}

function classifyDigits(text: string): CellKind {
  if (integer.test(text)) return "integer";
  if (number.test(text)) return "number";
  return classifyMoment(text);
}

function classifyMoment(text: string): CellKind {
  if (text.length < 10 || text.length > 40) return "text";
  if (date.test(text)) return "date";
  return timestamp.test(text) ? "timestamp" : "text";
}

const classifyJsonText = (text: string): CellKind => (text.trim() === "" ? "missing" : classifyMoment(text));

/** Whether a value of this kind is one of a field of this type. */
export function conforms(type: ContractFieldType, kind: CellKind, untyped: boolean): boolean {
  if (kind === type || kind === "missing") return true;
  if (type === "number") return kind === "integer";
  if (type === "timestamp") return kind === "date";
  // A text that happens to look like a number or a date is still text, unless the file knows numbers.
  return type === "text" && (untyped ? kind !== "list" : kind === "date" || kind === "timestamp");
}
