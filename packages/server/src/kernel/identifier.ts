/** What may name a thing in a system of record: a business object, or whose fact it is. */

/** Longer ones fit no index, and name nothing. */
const identifierMax = 512;
/** For messages. */
export const identifierForm = `1 to ${identifierMax} characters on one line, none of them control characters`;
const unprintable = /[\p{Cc}\p{Surrogate}]/u;

/** One line of whole characters, short enough for an index: what can be stored, shown and stopped by its name. */
export function isIdentifier(text: string): boolean {
  return text !== "" && text.length <= identifierMax && !unprintable.test(text);
}
