/** Takes out of a text what a person would not see: control characters, invisible ones, and those that turn its direction. */

export type CleanText = {
  readonly text: string;
  /** How many characters were taken out. */
  readonly hidden: number;
  /** How many stand as U+FFFD, for they could not be read. */
  readonly replaced: number;
};

/**
 * Default ignorable code points (Unicode, DerivedCoreProperties) without the two joiners and the one variation selector that scripts
 * and emoji need. Among them are tags and runs of selectors, which carry text that models read and people do not see.
 */
const invisible = /(?!\u200C|\u200D|\uFE0F)\p{DI}|(?<=\uFE0F)\uFE0F/gu;
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const control = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g;
const lonely = /\p{Surrogate}/gu;

export function cleanText(raw: string): CleanText {
  const lines = raw.replaceAll("\r\n", "\n");
  const text = lines.replaceAll(invisible, "").replaceAll(control, "");
  const whole = text.replaceAll(lonely, "\u{FFFD}");
  return { text: whole, hidden: lines.length - text.length, replaced: whole.split("\u{FFFD}").length - 1 };
}

/** The same on one line: for subjects, names of people and files. */
export function cleanLine(raw: string, lengthMax: number): CleanText {
  const { text, hidden, replaced } = cleanText(raw.replaceAll(/\s+/g, " ").trim());
  return { text: cutText(text, lengthMax), hidden, replaced };
}

/** Cut where no surrogate pair is broken. */
export function cutText(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : text.slice(0, lengthMax).replace(/[\uD800-\uDBFF]$/, "");
}
