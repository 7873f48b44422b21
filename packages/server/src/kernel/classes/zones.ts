/** The stretches of a text that hold digits, with the letters joined to them: all that numbers and ids can stand in. */

export type Zone = { readonly from: number; readonly text: string };

/** No id has fewer digits. */
const digitsMin = 6;

/** Longer than what stands before the first digit of any id (an Italian tax code has six letters). */
const lettersBefore = 8;

/** Linear: every character is looked at a bounded number of times. */
export function findZones(text: string): Zone[] {
  const zones: Zone[] = [];
  let at = 0;
  while (at < text.length) {
    if (!isDigit(text.charCodeAt(at))) {
      at += 1;
      continue;
    }
    let from = at;
    // Letters, `+` and `(` may open a number; so far back and no further.
    while (from > 0 && at - from < lettersBefore && opens(text.charCodeAt(from - 1))) from -= 1;
    let to = at;
    let digits = 0;
    for (; to < text.length && goesOn(text.charCodeAt(to)); to += 1) if (isDigit(text.charCodeAt(to))) digits += 1;
    if (digits >= digitsMin) zones.push({ from, text: text.slice(from, to) });
    at = to;
  }
  return zones;
}

const digit = 1;
const opening = 2;
const joining = 4;

/** What each character of ASCII may do; a no-break space joins too. */
const kinds = new Uint8Array(256);
const mark = (chars: string, kind: number): void => {
  for (const char of chars) kinds[char.charCodeAt(0)] = (kinds[char.charCodeAt(0)] ?? 0) | kind;
};
mark("0123456789", digit | joining);
mark("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", joining | opening);
mark("(+ ", opening);
mark(" \u00a0()+-./:", joining);

const is = (code: number, kind: number): boolean => ((kinds[code] ?? 0) & kind) !== 0;
const isDigit = (code: number): boolean => is(code, digit);
const opens = (code: number): boolean => is(code, opening);
/** Letters, digits, and what people write between groups. */
const goesOn = (code: number): boolean => is(code, joining);
