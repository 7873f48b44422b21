/**
 * Reading what upstream servers answer: UTF-8, and never nested deeper than code may recurse. Laxer than the kernel's
 * reader on purpose: an effect that happened is not made unknown by an odd member name in its answer.
 */
import { AirworthyError, type Json } from "@airworthy/contract";

const openBrace = 0x7b;
const openBracket = 0x5b;
const closeBrace = 0x7d;
const closeBracket = 0x5d;
const quote = 0x22;
const backslash = 0x5c;

function isDeeper(bytes: Uint8Array, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (inString) {
      if (byte === backslash) at++;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === openBrace || byte === openBracket) {
      if (++depth > limit) return true;
    } else if (byte === closeBrace || byte === closeBracket) depth--;
  }
  return false;
}

/** Parses UTF-8 JSON of at most `maxDepth` levels (default 128). Throws `invalid_json` without quoting the input. */
export function parseJson(bytes: Uint8Array, maxDepth = 128): Json {
  if (bytes.length > maxDepth && isDeeper(bytes, maxDepth)) {
    throw new AirworthyError("invalid_json", `the JSON is nested deeper than ${maxDepth} levels`);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new AirworthyError("invalid_json", "the body is not valid UTF-8");
  }
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    throw new AirworthyError("invalid_json", "the body is not valid JSON");
  }
}
