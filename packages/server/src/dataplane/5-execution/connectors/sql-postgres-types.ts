/** Brings the values of PostgreSQL into JSON without losing digits: what a number cannot hold becomes a string. */
import { Buffer } from "node:buffer";

import type { Json } from "@airworthy/contract";
import type { CustomTypesConfig } from "pg";

import { parseJsonStrict } from "../../../kernel/json.ts";

/**
 * Integers and numerics become numbers when they are safe integers, else strings; times become ISO 8601; json is parsed
 * strictly; everything without a parser here stays the text that PostgreSQL writes.
 */
export const postgresTypes: CustomTypesConfig = {
  getTypeParser: (oid: number) => parsers[oid] ?? keepText,
};

const parsers: Readonly<Record<number, (text: string) => Json>> = {
  16: readBoolean,
  20: readInteger,
  21: Number,
  23: Number,
  26: Number,
  114: readJson,
  700: readFloat,
  701: readFloat,
  1114: (text) => text.replace(" ", "T"),
  1184: readMoment,
  1700: readInteger,
  3802: readJson,
  // Arrays of boolean, int2, int4, int8, text, varchar and uuid.
  1000: arrayOf(readBoolean),
  1005: arrayOf(Number),
  1007: arrayOf(Number),
  1016: arrayOf(readInteger),
  1009: arrayOf(keepText),
  1015: arrayOf(keepText),
  2951: arrayOf(keepText),
};

function readBoolean(text: string): boolean {
  return text === "t";
}

function keepText(text: string): string {
  return text;
}

function readInteger(text: string): Json {
  const value = Number(text);
  return Number.isSafeInteger(value) && /^-?\d+$/.test(text) ? value : text;
}

function readFloat(text: string): Json {
  const value = Number(text);
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value)) ? value : text;
}

function readJson(text: string): Json {
  return parseJsonStrict(Buffer.from(text));
}

/** `2026-03-01 12:00:00.5+02` is ISO 8601 but for its space and its short offset. */
function readMoment(text: string): string {
  const match = /^(\d{4}-\d\d-\d\d) ([\d:.]+)([+-]\d\d)(?::?(\d\d))?$/.exec(text);
  if (match === null) return text;
  const [, date, time, hours, minutes = "00"] = match;
  return `${date}T${time}${hours === "+00" && minutes === "00" ? "Z" : `${hours}:${minutes}`}`;
}

/** `{1,NULL,"a \\"b\\""}`, also nested. Arrays with bounds of their own, such as `[0:1]={1,2}`, stay text. */
function arrayOf(readItem: (text: string) => Json): (text: string) => Json {
  return (text) => {
    if (!text.startsWith("{")) return text;
    const open: Json[][] = [[]];
    for (const [, brace, quoted, bare] of text.matchAll(/([{}])|"((?:[^"\\]|\\.)*)"|([^{},"]+)/gs)) {
      if (brace === "{") open.push([]);
      else if (brace === "}") open.at(-2)?.push(open.pop() ?? []);
      else open.at(-1)?.push(readArrayItem(quoted, bare, readItem));
    }
    return open[0]?.[0] ?? [];
  };
}

function readArrayItem(quoted: string | undefined, bare: string | undefined, readItem: (text: string) => Json): Json {
  if (quoted !== undefined) return readItem(quoted.replaceAll(/\\(.)/gs, "$1"));
  return bare === undefined || bare === "NULL" ? null : readItem(bare);
}
