/** How many columns of a terminal a text takes, and how to fit it into fewer. */

// oxlint-disable-next-line no-control-regex
const escapes = /\u001B\[[0-9;]*m/g;
const wide =
  /[\u{1100}-\u{115f}\u{2e80}-\u{303e}\u{3041}-\u{a4cf}\u{ac00}-\u{d7a3}\u{f900}-\u{faff}\u{fe30}-\u{fe6f}\u{ff01}-\u{ff60}\u{ffe0}-\u{ffe6}\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const combining = /[\p{Mn}\p{Me}]/u;

function columnsOf(character: string): number {
  if (combining.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

/** Columns taken; colour codes take none. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text.replaceAll(escapes, "")) width += columnsOf(character);
  return width;
}

/** Cuts uncoloured text to at most `columns`, marking the cut. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const character of text) {
    width += columnsOf(character);
    if (width > columns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Fills up with spaces to `columns`. */
export function pad(text: string, columns: number, side: "left" | "right" = "right"): string {
  const space = " ".repeat(Math.max(0, columns - widthOf(text)));
  return side === "right" ? text + space : space + text;
}

/** Breaks uncoloured text into lines of at most `columns`, between words where it can. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((each) => breakWord(each, columns))) {
    if (line === "") line = word;
    else if (widthOf(line) + 1 + widthOf(word) <= columns) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  return line === "" ? lines : [...lines, line];
}

function breakWord(word: string, columns: number): readonly string[] {
  if (widthOf(word) <= columns) return [word];
  const parts: string[] = [];
  let part = "";
  let width = 0;
  for (const character of word) {
    const next = columnsOf(character);
    if (width + next > columns && part !== "") {
      parts.push(part);
      part = "";
      width = 0;
    }
    part += character;
    width += next;
  }
  return [...parts, part];
}
