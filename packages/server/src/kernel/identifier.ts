/** What may name a thing in a system of record: a business object, or whose fact it is. */
import type { Json } from "@airworthy/contract";

/** Longer ones fit no index, and name nothing. */
const identifierMax = 512;
/** For messages. */
export const identifierForm = `1 to ${identifierMax} characters on one line, none of them control characters`;
const unprintable = /[\p{Cc}\p{Surrogate}]/u;

/** What a value of JSON names, when it can name anything: an identifier, or a whole number as its digits. */
export function identifierOf(value: Json | undefined): string | undefined {
  if (typeof value === "string") return isIdentifier(value) ? value : undefined;
  return typeof value === "number" && Number.isSafeInteger(value) ? String(value) : undefined;
}

/** One line of whole characters, short enough for an index: what can be stored, shown and stopped by its name. */
export function isIdentifier(text: string): boolean {
  return text !== "" && text.length <= identifierMax && !unprintable.test(text);
}
