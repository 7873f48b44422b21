/** What an upstream may say and we must not pass on: the secret we sent, and characters that no store can keep as text. */
import type { Json, JsonObject } from "@airworthy/contract";

import type { ConnectorAnswer } from "../../../kernel/deps.ts";
import { isJsonArray, isJsonObject } from "../../../kernel/json.ts";

/** PostgreSQL reads no JSON that holds U+0000 or half of a surrogate pair. */
const unstorable = /\0|\p{Surrogate}/gu;
/** Shorter secrets would match by chance. */
const shortestSecret = 8;

/** The answer with U+FFFD for each character that cannot be kept and `[redacted]` for the secret. */
export function cleanAnswer(answer: ConnectorAnswer, secret: string | undefined): ConnectorAnswer {
  switch (answer.kind) {
    case "answered":
      return { ...answer, result: cleanJson(answer.result, secret) };
    case "rejected": {
      const result = answer.result === undefined ? {} : { result: cleanJson(answer.result, secret) };
      return { ...answer, detail: cleanText(answer.detail, secret), ...result };
    }
    case "unsent":
    case "ambiguous":
      return { ...answer, detail: cleanText(answer.detail, secret) };
    default:
      return answer satisfies never;
  }
}

/** The same for a bare value, in names as well; a value with nothing to clean is answered as the same object. */
export function cleanJson(value: JsonObject, secret: string | undefined): JsonObject;
export function cleanJson(value: Json, secret: string | undefined): Json;
export function cleanJson(value: Json, secret: string | undefined): Json {
  if (typeof value === "string") return cleanText(value, secret);
  if (isJsonArray(value)) {
    const items = value.map((item) => cleanJson(item, secret));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  if (!isJsonObject(value)) return value;
  const names = Object.keys(value);
  const cleaned = names.map((name): [string, Json] => [
    cleanText(name, secret),
    cleanJson(value[name] ?? null, secret),
  ]);
  const isSame = cleaned.every(([name, member], index) => name === names[index] && member === value[name]);
  return isSame ? value : Object.fromEntries(cleaned);
}

function cleanText(text: string, secret: string | undefined): string {
  const kept = text.replaceAll(unstorable, "\ufffd");
  return secret === undefined || secret.length < shortestSecret ? kept : kept.replaceAll(secret, "[redacted]");
}
