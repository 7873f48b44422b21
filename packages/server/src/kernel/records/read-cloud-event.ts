/** Reads one CloudEvent 1.0 in its JSON form. */
import type { Json, JsonObject } from "@airworthy/contract";

import { sha256Hex } from "../canonical.ts";
import { isJsonObject, parseJsonStrict } from "../json.ts";
import { readTime } from "../read-time.ts";
import type { Message } from "./read-message.ts";

const textMax = 400;

type Read = { readonly message: Message; readonly source: string } | { readonly why: string };

/** `number`: its place in the batch. `why`: it is no CloudEvent. @see CloudEvents 1.0.2, JSON event format. */
export function readCloudEvent(value: Json, number: number): Read {
  if (!isJsonObject(value)) return { why: "an object expected" };
  const { specversion, id, source, type, subject } = value;
  if (specversion !== "1.0") return { why: "specversion 1.0 expected" };
  if (!isText(id) || !isText(source) || !isText(type)) return { why: "id, source and type expected, each a text" };
  if (isGiven(subject) && !isText(subject)) return { why: "subject is not a text" };
  const time = timeOf(value);
  if ("why" in time) return time;
  const payload = dataOf(value);
  if ("why" in payload) return payload;
  const key = isText(subject) ? { key: subject } : {};
  // Unique together, as the specification says; the length of the one keeps them apart.
  const ids = { id: shortId(`${source.length}:${source} ${id}`), type };
  return { message: { number, ...ids, ...key, ...time, payload: payload.data }, source: source.slice(0, 200) };
}

function timeOf({ time }: JsonObject): { readonly time?: number } | { readonly why: string } {
  if (!isGiven(time)) return {};
  const at = readTime(time);
  return at === undefined ? { why: "time is not a moment with its offset" } : { time: at };
}

function dataOf({ data, data_base64: encoded }: JsonObject): { readonly data: Json } | { readonly why: string } {
  if (encoded === undefined) return data === undefined ? { why: "data expected" } : { data };
  if (data !== undefined || typeof encoded !== "string") return { why: "either data or data_base64 expected" };
  try {
    return { data: parseJsonStrict(Buffer.from(encoded, "base64")) };
  } catch {
    return { why: "data_base64 does not hold JSON" };
  }
}

const isGiven = (value: Json | undefined): value is Json => value !== undefined && value !== null;
const isText = (value: Json | undefined): value is string =>
  typeof value === "string" && value !== "" && value.length <= 2048;
/** What is too long for an index is known by its digest. */
export const shortId = (id: string): string => (id.length <= textMax ? id : `sha256:${sha256Hex(id)}`);
