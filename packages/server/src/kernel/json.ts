/** Reads JSON that comes from outside, refusing everything on which two readers could disagree. */
import { isUtf8 } from "node:buffer";

import { AirworthyError } from "@airworthy/contract";
import type { Json, JsonObject } from "@airworthy/contract";

import { findSyntaxFault } from "./json-syntax.ts";

/** Defaults: 4 MiB, 64 levels, 100,000 members in all. */
export type JsonLimits = { readonly maxBytes?: number; readonly maxDepth?: number; readonly maxKeys?: number };

/** Names with a meaning to JavaScript's objects or to Cedar's JSON: data may not carry them. */
const refusedKeys: ReadonlySet<string> = new Set([
  "__proto__",
  "constructor",
  "prototype",
  "__entity",
  "__extn",
  "__expr",
]);
const loneSurrogate = /\p{Surrogate}/u;
const nul = "\0";

type Shape = {
  readonly depth: number;
  readonly keys: number;
  readonly deepestAt: number;
  /** Whether an escape stands for U+0000 or a surrogate: only then need strings be looked at. */
  readonly suspect: boolean;
};
type Fault = { readonly message: string; readonly fix: string; readonly steps: (string | number)[] };

/**
 * Parses one JSON text. What it accepts equals what `JSON.parse` makes of the same text.
 * Refuses invalid UTF-8, a byte order mark, nesting beyond `maxDepth`, duplicate names, names in `refusedKeys`, integers
 * beyond 2^53-1, numbers that overflow, lone surrogates, and U+0000, which no store of ours can keep as text.
 * @throws AirworthyError `too_large` beyond `maxBytes`, else `invalid_json` with `place` (`$.a.b` or `byte 17`) and
 * `fix`; the message never holds a value of the input.
 */
export function parseJsonStrict(bytes: Uint8Array, limits: JsonLimits = {}): Json {
  const { maxBytes = 4 * 1024 * 1024, maxDepth = 64, maxKeys = 100_000 } = limits;
  if (bytes.length > maxBytes) {
    throw new AirworthyError("too_large", `The JSON text has ${bytes.length} bytes; the limit is ${maxBytes}.`, {
      fix: "Send less in one message.",
    });
  }
  if (!isUtf8(bytes)) throw refuse("The text is not valid UTF-8.", undefined, "Encode the text as UTF-8.");
  const shape = measure(bytes, maxDepth);
  if (shape.depth > maxDepth) {
    throw refuse(`It nests deeper than ${maxDepth} levels.`, `byte ${shape.deepestAt}`, "Flatten the structure.");
  }
  if (shape.keys > maxKeys) throw refuse(`It has more than ${maxKeys} members.`, "$", "Send fewer members.");
  const value = parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  const counted = { keys: 0 };
  const fault = findFault(value, shape.suspect, counted);
  if (fault !== undefined) throw refuse(fault.message, placeOf(fault.steps), fault.fix);
  // JSON.parse keeps the last of two equal names, so a text with duplicates has more colons than the value has members.
  if (counted.keys !== shape.keys) {
    throw refuse("An object has the same name twice.", undefined, "Give each name once in an object.");
  }
  return value;
}

/** Whether this is an object, not an array and not null. Looks at the top level only. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether this is an array. `Array.isArray` alone does not narrow a readonly one. */
export function isJsonArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** The value as an object. @throws AirworthyError `invalid_json` naming `place` when it is anything else. */
export function asJsonObject(value: unknown, place = "$"): JsonObject {
  if (isJsonObject(value)) return value;
  throw refuse("A JSON object is needed here.", place, "Send an object in braces.");
}

function refuse(message: string, place: string | undefined, fix: string): AirworthyError {
  return new AirworthyError("invalid_json", message, place === undefined ? { fix } : { place, fix });
}

function parse(text: string): Json {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    // The engine's own message quotes the input, so it must not travel.
    const at = findSyntaxFault(text);
    const place = at === undefined ? undefined : `byte ${Buffer.byteLength(text.slice(0, at))}`;
    throw refuse("The text is not JSON.", place, "Correct the syntax at this place.");
  }
}

const quote = 0x22;
const backslash = 0x5c;

/** One pass over the bytes: nesting and members are bounded before the engine builds anything from them. */
function measure(bytes: Uint8Array, maxDepth: number): Shape {
  const shape = { depth: 0, keys: 0, deepestAt: 0, suspect: false };
  let depth = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === quote) {
      at = skipString(bytes, at, shape);
    } else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > maxDepth) return { ...shape, depth, deepestAt: at };
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
    else if (byte === 0x3a) shape.keys += 1;
  }
  return shape;
}

function skipString(bytes: Uint8Array, from: number, seen: { suspect: boolean }): number {
  let at = from + 1;
  while (at < bytes.length && bytes[at] !== quote) {
    if (bytes[at] === backslash) {
      at += 1;
      if (startsSurrogate(bytes, at) || startsNul(bytes, at)) seen.suspect = true;
    }
    at += 1;
  }
  return at;
}

/** \uD8xx to \uDFxx, seen from the `u`: the only way to a surrogate in valid UTF-8. */
function startsSurrogate(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x75 && ((bytes[at + 1] ?? 0) | 0x20) === 0x64;
}

/** \u0000, seen from the `u`; a bare one is no JSON. */
function startsNul(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x75 && [1, 2, 3, 4].every((digit) => bytes[at + digit] === 0x30);
}

function findFault(value: Json, suspect: boolean, counted: { keys: number }): Fault | undefined {
  if (typeof value === "number") return findNumberFault(value);
  if (typeof value === "string") return suspect ? findTextFault(value) : undefined;
  if (isJsonArray(value)) return findListFault(value, suspect, counted);
  if (!isJsonObject(value)) return undefined;
  const names = Object.keys(value);
  counted.keys += names.length;
  for (const name of names) {
    const fault = findNameFault(name, suspect) ?? findFault(value[name] ?? null, suspect, counted);
    if (fault !== undefined) return within(fault, name);
  }
  return undefined;
}

function findListFault(list: readonly Json[], suspect: boolean, counted: { keys: number }): Fault | undefined {
  for (let index = 0; index < list.length; index += 1) {
    const fault = findFault(list[index] ?? null, suspect, counted);
    if (fault !== undefined) return within(fault, index);
  }
  return undefined;
}

function findNumberFault(value: number): Fault | undefined {
  if (Number.isSafeInteger(value)) return undefined;
  if (Number.isFinite(value) && !Number.isInteger(value)) return undefined;
  const fix = "Send the number as a string, or in a larger unit.";
  return { message: "A number is beyond 2^53-1, so readers would disagree about its value.", fix, steps: [] };
}

function findTextFault(value: string): Fault | undefined {
  if (value.includes(nul)) {
    return { message: "A string holds the character U+0000.", fix: "Send text without it.", steps: [] };
  }
  if (!loneSurrogate.test(value)) return undefined;
  return { message: "A string holds half of a surrogate pair.", fix: "Send whole Unicode characters.", steps: [] };
}

function findNameFault(name: string, suspect: boolean): Fault | undefined {
  if (refusedKeys.has(name)) return { message: `The name ${name} is reserved.`, fix: "Use another name.", steps: [] };
  return suspect ? findTextFault(name) : undefined;
}

function within(fault: Fault, step: string | number): Fault {
  fault.steps.push(step);
  return fault;
}

function placeOf(steps: readonly (string | number)[]): string {
  return `$${steps.toReversed().map(stepText).join("")}`;
}

function stepText(step: string | number): string {
  if (typeof step === "number") return `[${step}]`;
  return /^[A-Za-z_][\w-]{0,63}$/.test(step) ? `.${step}` : `[${JSON.stringify(step.slice(0, 64))}]`;
}
