/** Text that others wrote, made safe for a terminal: it can neither move the cursor nor pose as our own words. */

// Controls, line and paragraph separators, directional overrides and isolates, zero-width marks, tags.
const unsafe =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu;

/** One line of harmless text; what is not harmless is spelt out, as `\u001b`. */
export function clean(text: string): string {
  return text.replaceAll(unsafe, spellOut);
}

/** Harmless lines: line breaks part them, everything else unsafe is spelt out. */
export const cleanLines = (text: string): readonly string[] => text.split(/\r?\n/).map(clean);

function spellOut(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  const point = character.codePointAt(0) ?? 0;
  return point > 0xff_ff ? `\\u{${point.toString(16)}}` : `\\u${point.toString(16).padStart(4, "0")}`;
}
