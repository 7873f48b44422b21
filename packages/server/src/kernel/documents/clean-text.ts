/** Makes text comparable and shows what it hides: one Unicode form, and no characters that a reader cannot see. */

export type CleanText = {
  readonly text: string;
  /** Invisible characters that were taken out and have no ordinary use where they stood. */
  readonly hidden: number;
};

// Controls but tab and line feed; what Unicode calls ignorable: zero widths, direction marks, tags, fillers, selectors; annotations.
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const invisible =
  /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\uFFF9-\uFFFB]|\p{Default_Ignorable_Code_Point}/gu;
/** Where a word may be parted, and how a sign is drawn: typesetting, which hides nothing. */
const ordinary = new Set(["\u00AD", "\uFE0E", "\uFE0F"]);
const joiner = /^[\u200C\u200D]$/;
const joiners = /[\u200C\u200D]+/g;
/** Scripts that join and part letters with joiners, and signs made of several. */
const joined = /[\p{M}\p{Lo}\p{Extended_Pictographic}\p{Emoji_Modifier}]/u;

/** In Unicode's form NFC, lines ended by a line feed, U+0000 and its like gone. */
export function cleanText(raw: string): CleanText {
  let hidden = 0;
  const source = raw.startsWith("\uFEFF") ? raw.slice(1) : raw;
  const text = source
    .replaceAll(/\r\n?|[\u2028\u2029\u0085]/g, "\n")
    .replaceAll(/[\u000B\u000C]/g, "\n")
    .replaceAll(invisible, (sign) => {
      if (joiner.test(sign)) return sign;
      if (!ordinary.has(sign)) hidden += 1;
      return "";
    })
    // Between what is seen, once all else is gone: one of them joins or parts two letters, more of them write something.
    .replaceAll(joiners, (run, at: number, whole: string) => {
      const isUsed = joined.test(before(whole, at)) && joined.test(after(whole, at + run.length));
      hidden += run.length - (isUsed ? 1 : 0);
      return isUsed ? run.slice(0, 1) : "";
    });
  // Half of a character, as a broken font map can give it, is no text.
  return { text: text.replaceAll(/\p{Surrogate}/gu, "\uFFFD").normalize("NFC"), hidden };
}

/** A whole character, though it may be two units. */
const before = (text: string, at: number): string => Array.from(text.slice(Math.max(0, at - 2), at)).at(-1) ?? "";
const after = (text: string, at: number): string => String.fromCodePoint(text.codePointAt(at) ?? 0x20);

/** One line: for titles, headings and hashes. */
export function oneLine(text: string): string {
  return text.trim().split(/\s+/u).join(" ");
}
