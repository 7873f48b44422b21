/** Holds one record against a contract: every field that is not as agreed, with what was expected and what was found. */
import type { ContractField, RecordFault, SourceContractDocument } from "@airworthy/contract";

import { classifyCell, conforms } from "./classify-cell.ts";
import { classedText } from "./hide-classed.ts";
import { showValue } from "./show-value.ts";
import type { Cell, SourceRecord } from "./source-record.ts";
import { textOf } from "./text-of.ts";

export type RecordChecker = (record: SourceRecord) => readonly RecordFault[];

type FieldCheck = { readonly field: ContractField; readonly allowed: ReadonlySet<string> | undefined };
type Found = { readonly expected: string; readonly found: string };

/** `untyped` where the file knows text only. */
export function createRecordChecker(contract: SourceContractDocument, untyped: boolean): RecordChecker {
  const checks = contract.fields.map((field): FieldCheck => ({
    field,
    allowed: field.allowed === undefined ? undefined : new Set(field.allowed.map(String)),
  }));
  const names = new Set(contract.fields.map(({ name }) => name));
  const places = rememberPlaces();
  return (record) => {
    const place = places(record.columns);
    const faults: RecordFault[] = [];
    for (const check of checks) {
      const at = place.get(check.field.name);
      const found = judge(check, at === undefined ? undefined : record.cells[at], untyped);
      if (found !== undefined) faults.push({ record: record.number, field: check.field.name, ...hidden(check, found) });
    }
    if (contract.unlisted === "ignore") return faults;
    for (const name of record.columns) {
      if (names.has(name)) continue;
      faults.push({ record: record.number, field: name, expected: "no such field", found: "a field of this name" });
    }
    return faults;
  };
}

/** That nothing is there, and how long something is, is no value. */
function hidden({ field }: FieldCheck, found: Found): Found {
  const isValue = found.expected !== "a value" && !found.expected.endsWith(" long");
  return field.class === undefined || !isValue ? found : { ...found, found: classedText(field.class) };
}

/** All records of a CSV file share their columns; those of a JSON file mostly do. */
function rememberPlaces(): (columns: readonly string[]) => ReadonlyMap<string, number> {
  let last: readonly string[] = [];
  let places: ReadonlyMap<string, number> = new Map();
  return (columns) => {
    if (columns === last) return places;
    last = columns;
    places = new Map(columns.map((name, at) => [name, at]));
    return places;
  };
}

function judge({ field, allowed }: FieldCheck, cell: Cell, untyped: boolean): Found | undefined {
  const kind = classifyCell(cell, untyped);
  if (kind === "missing") {
    return field.nullable
      ? undefined
      : { expected: "a value", found: cell === undefined ? "no such field" : "nothing" };
  }
  if (!conforms(field.type, kind, untyped)) return { expected: `type ${field.type}`, found: showValue(cell) };
  if (allowed !== undefined && !allowed.has(plainText(cell, field))) {
    return { expected: allowedText(field), found: showValue(cell) };
  }
  return judgeSize(field, cell);
}

/** In text, `1.0` and `1` are one number. */
const plainText = (cell: Cell, { type }: ContractField): string => {
  if (type === "integer" || type === "number") return String(Number(cell));
  return type === "boolean" ? textOf(cell).toLowerCase() : textOf(cell);
};

function judgeSize({ range, maxLength }: ContractField, cell: Cell): Found | undefined {
  const value = Number(cell);
  if (range !== undefined && (value < (range.min ?? value) || value > (range.max ?? value))) {
    return { expected: rangeText(range), found: showValue(cell) };
  }
  const length = typeof cell === "string" || Array.isArray(cell) ? cell.length : 0;
  if (maxLength === undefined || length <= maxLength) return undefined;
  return { expected: `at most ${maxLength} long`, found: `${length} long` };
}

function rangeText({ min, max }: NonNullable<ContractField["range"]>): string {
  if (min === undefined) return `at most ${max}`;
  return max === undefined ? `at least ${min}` : `${min} to ${max}`;
}

function allowedText({ allowed = [] }: ContractField): string {
  const shown = allowed.slice(0, 5).map(String).join(", ");
  return allowed.length > 5 ? `one of ${shown}, … (${allowed.length})` : `one of ${shown}`;
}
