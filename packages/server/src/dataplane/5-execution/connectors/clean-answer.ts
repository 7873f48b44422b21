/** What an upstream may say and we must not pass on: the secret we sent, and characters that no store can keep as text. */
import type { Json } from "@airworthy/contract";

import type { ConnectorAnswer } from "../../../kernel/deps.ts";
import { isJsonArray, isJsonObject } from "../../../kernel/json.ts";

/** PostgreSQL reads no JSON that holds U+0000 or half of a surrogate pair. */
const unstorable = /\0|\p{Surrogate}/gu;
/** Shorter secrets would match by chance. */
const shortestSecret = 8;
const redacted = "[redacted]";

/** The answer with U+FFFD for what cannot be kept and `[redacted]` for each secret; the same object if nothing is. */
export function cleanAnswer(answer: ConnectorAnswer, secrets: readonly string[]): ConnectorAnswer {
  const telling = secrets.filter((secret) => secret.length >= shortestSecret);
  const cleanText = (text: string): string =>
    telling.reduce((left, secret) => left.replaceAll(secret, redacted), text.replaceAll(unstorable, "\ufffd"));
  const result = "result" in answer && answer.result !== undefined ? cleanJson(answer.result, cleanText) : undefined;
  const cleaned: ConnectorAnswer = "detail" in answer ? { ...answer, detail: cleanText(answer.detail) } : answer;
  return result === undefined || !("result" in answer) || result === answer.result
    ? cleaned
    : ({ ...cleaned, result } as ConnectorAnswer);
}

function cleanJson(value: Json, cleanText: (text: string) => string): Json {
  if (typeof value === "string") return cleanText(value);
  if (isJsonArray(value)) {
    const items = value.map((item) => cleanJson(item, cleanText));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).map(
    ([name, member]) => [cleanText(name), cleanJson(member, cleanText), name, member] as const,
  );
  const isSame = members.every(([name, member, oldName, oldMember]) => name === oldName && member === oldMember);
  return isSame ? value : Object.fromEntries(members);
}
