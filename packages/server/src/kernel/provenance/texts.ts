/** Finds values inside texts, whole words only; and the links, addresses and account numbers that a text holds. */

const letter = /[\p{L}\p{N}]/u;
/** Inside an address, these join what stands around them to one address. */
const joint = /[\p{L}\p{N}@_\-.]/u;

const topLevels =
  "com|org|net|io|co|info|biz|eu|de|uk|fr|ch|at|nl|it|es|ru|cn|us|ca|au|app|dev|ai|me|site|online|shop|top|xyz|gov|edu";
const references = [
  /[a-z][a-z0-9+.-]{1,15}:\/\/[^\s<>"')\]]+/giu,
  /[\p{L}\p{N}._%+-]{1,64}@(?:[\p{L}\p{N}-]{1,63}\.)+\p{L}{2,24}/giu,
  /\bwww\.[^\s<>"')\]]+/giu,
  new RegExp(
    String.raw`(?<![\p{L}\p{N}@._/-])(?:[a-z0-9-]{1,63}\.)+(?:${topLevels})(?![\p{L}\p{N}-])(?:/[^\s<>"')\]]*)?`,
    "giu",
  ),
  /(?<![\p{L}\p{N}])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![\p{L}\p{N}])/gu,
] as const;

const isAddress = (text: string): boolean => /^\S+[.@/]\S+$/.test(text);

/** Whether the folded value stands in the folded text as a whole word, or as a whole address if it is one. */
export function holdsValue(text: string, value: string): boolean {
  if (value === "") return false;
  const address = isAddress(value);
  for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1)) {
    if (standsAlone(text, { from: at, to: at + value.length, address })) return true;
  }
  return false;
}

type Span = { readonly from: number; readonly to: number; readonly address: boolean };

function standsAlone(text: string, { from, to, address }: Span): boolean {
  const before = text.slice(Math.max(0, from - 4), from);
  const after = text.slice(to, to + 2);
  const last = before.at(-1) ?? "";
  const next = after.at(0) ?? "";
  if (!address) return !letter.test(last) && !letter.test(next);
  // A scheme or www before it changes nothing; anything else that is joined to it makes it another address.
  const opens = before.endsWith("://") || before.endsWith("www.") || !(joint.test(last) || last === "/");
  const goesOn = /^[\p{L}\p{N}@_-]/u.test(after) || /^[./:?#&=][\p{L}\p{N}]/u.test(after);
  return opens && !goesOn;
}

/** Every link, e-mail address and account number in a text, as written, up to a number of them. */
export function findReferences(text: string, max: number): string[] {
  const found = new Set<string>();
  let rest = text;
  for (const pattern of references) {
    for (const [match] of rest.matchAll(pattern)) {
      if (found.size >= max) return [...found];
      found.add(match.replace(/[.,;:!?]+$/u, ""));
    }
    // What was found as a whole address must not be found again as its end.
    rest = rest.replaceAll(pattern, " ");
  }
  return [...found];
}

/** Whether a text is made of words or lists, so that values may stand inside it. */
export const isText = (text: string): boolean => text.length > 64 || /[\s,;|]/.test(text.trim());

/** The members of a list written as one text; none when it is no list. */
export function splitList(text: string, max: number): string[] {
  const parts = text
    .split(/[,;|\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
  return parts.length > 1 && parts.length <= max ? parts : [];
}
