/** Writes JSON in its one canonical form (RFC 8785) and makes digests of it. */
import { hash } from "node:crypto";

import { AirworthyError } from "@airworthy/contract";
import type { Json } from "@airworthy/contract";

import { isJsonArray } from "./json.ts";

/**
 * The RFC 8785 text: names sorted by UTF-16 code units, numbers as JavaScript writes them, no spaces. Members that are
 * `undefined` count as absent.
 * @throws AirworthyError `invalid_input` for a number that is not finite or a value that JSON does not have.
 */
export function canonicalJson(value: Json): string {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return JSON.stringify(value);
  if (typeof value === "number" && Number.isFinite(value)) return JSON.stringify(value);
  if (typeof value !== "object") {
    throw new AirworthyError("invalid_input", "A value without a JSON form cannot be digested.", {
      fix: "Use strings, finite numbers, booleans, null, arrays and objects only.",
    });
  }
  if (isJsonArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  let text = "";
  // Object.keys().toSorted() without a comparator orders by UTF-16 code units, which is what the RFC asks for.
  for (const name of Object.keys(value).toSorted()) {
    const member: Json | undefined = value[name];
    if (member === undefined) continue;
    text += `${text === "" ? "" : ","}${JSON.stringify(name)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

/** SHA-256 as 64 lower-case hexadecimal digits; text is taken as UTF-8. */
export function sha256Hex(data: string | Uint8Array): string {
  return hash("sha256", data, "hex");
}

/** `sha256:` and the hexadecimal SHA-256 of the canonical form: equal values have equal digests. */
export function digestJson(value: Json): string {
  return `sha256:${sha256Hex(canonicalJson(value))}`;
}
