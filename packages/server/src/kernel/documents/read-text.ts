/** Reads plain text: paragraphs are parted by empty lines. */
import { cleanText, oneLine } from "./clean-text.ts";
import type { Block } from "./document.ts";

const titleMax = 120;

/** The title is the first line, where it is short and an empty line follows it. */
export function readText(raw: string): { readonly title: string | undefined; readonly blocks: readonly Block[] } {
  const { text, hidden } = cleanText(raw);
  if (hidden === 0) return { title: titleOf(text), blocks: paragraphsOf(text).map((one) => block(one, 0)) };
  // Which paragraph hides something is worth a second look.
  const blocks = paragraphsOf(raw.replaceAll(/\r\n?/g, "\n")).map((one) => {
    const clean = cleanText(one);
    return block(clean.text, clean.hidden);
  });
  return { title: titleOf(text), blocks };
}

const block = (text: string, hidden: number): Block => ({ text, headings: [], hidden });

const paragraphsOf = (text: string): string[] => text.split(/\n[^\S\n]*\n/u).filter((one) => one.trim() !== "");

function titleOf(text: string): string | undefined {
  const [first = "", second = ""] = text.trimStart().split("\n", 2);
  if (first.length > 2 * titleMax || second.trim() !== "") return undefined;
  const title = oneLine(first);
  return title !== "" && title.length <= titleMax ? title : undefined;
}
