/** Text of a mail as a person would see it, with how much was left out of it, and how much could not be read. */
import { cleanText } from "../../kernel/documents/clean-text.ts";

export type MailText = {
  readonly text: string;
  /** How many invisible characters were taken out. */
  readonly hidden: number;
  /** How many stand as U+FFFD, for they could not be read. */
  readonly replaced: number;
};

export function mailText(raw: string): MailText {
  const { text, hidden } = cleanText(raw);
  return { text, hidden, replaced: text.split("\u{FFFD}").length - 1 };
}

/** The same on one line: for subjects, names of people and files. */
export function mailLine(raw: string, lengthMax: number): MailText {
  const { text, hidden, replaced } = mailText(raw.replaceAll(/\s+/g, " ").trim());
  return { text: cutText(text.replaceAll("\n", " "), lengthMax), hidden, replaced };
}

/** Cut where no surrogate pair is broken. */
export function cutText(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : text.slice(0, lengthMax).replace(/[\uD800-\uDBFF]$/, "");
}
