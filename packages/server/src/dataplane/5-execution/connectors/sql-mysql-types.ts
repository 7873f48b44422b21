/** Brings the values of MySQL and MariaDB into JSON without losing digits, in the same forms as those of PostgreSQL. */
import { Buffer } from "node:buffer";

import type { Json } from "@airworthy/contract";
import type { FieldPacket } from "mysql2";

import { parseJsonStrict } from "../../../kernel/json.ts";

/** Column types of the wire protocol (MySQL internals manual, "Column Definition"). */
const column = { tiny: 1, float: 4, double: 5, timestamp: 7, datetime: 12, json: 245, newDecimal: 246, decimal: 0 };

/** `value` is what the driver makes of a column under the options that sql-mysql.ts opens connections with. */
export function readMysqlValue(field: FieldPacket, value: unknown): Json {
  if (value === null || value === undefined) return null;
  if (field.extendedFormat === "json" || field.columnType === column.json) return readJson(value);
  if (typeof value === "string") return readText(field.columnType, value);
  if (typeof value === "number") return readNumber(field, value);
  if (Buffer.isBuffer(value)) return `\\x${value.toString("hex")}`;
  // Shapes of geometry come as plain objects and lists of numbers.
  return parseJsonStrict(Buffer.from(JSON.stringify(value)));
}

function readText(type: number | undefined, text: string): Json {
  if (type === column.decimal || type === column.newDecimal) {
    const value = Number(text);
    return /^-?\d+$/.test(text) && Number.isSafeInteger(value) ? value : text;
  }
  if (type === column.datetime) return text.replace(" ", "T");
  // The session's time zone is UTC, so a timestamp is a moment; a datetime has no zone.
  return type === column.timestamp && !isZeroDate(text) ? `${text.replace(" ", "T")}Z` : text;
}

function isZeroDate(text: string): boolean {
  return text.startsWith("0000-00-00");
}

function readNumber(field: FieldPacket, value: number): Json {
  // BOOLEAN is another name for tinyint(1).
  if (field.columnType === column.tiny && field.columnLength === 1 && (value === 0 || value === 1)) return value === 1;
  if (field.columnType === column.float) return shortestFloat(value);
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? String(value) : value;
}

/** The shortest number that is the same float of four bytes: 0.1, not 0.10000000149011612. */
function shortestFloat(value: number): number {
  for (let digits = 6; digits < 9; digits += 1) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return shorter;
  }
  return value;
}

function readJson(value: unknown): Json {
  return parseJsonStrict(Buffer.isBuffer(value) ? value : Buffer.from(String(value)));
}
