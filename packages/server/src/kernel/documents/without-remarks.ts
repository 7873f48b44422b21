/** Takes remarks out of lines of Markdown: a page shows nothing of `<!-- … -->`, and a model would read it. */

export type Remarks = {
  inRemark: boolean;
  /** Characters that were taken out. */
  hidden: number;
  /** Whether code between backticks can be told from what is none, by a line alone: here, or not before the next paragraph, or not any more. */
  spans: "told" | "not here" | "never";
};

/**
 * A remark may go over several lines. In a code span `<!--` is text; where it is not plain that it stands in one (tables, HTML,
 * spans of several lines) it is taken for a remark, which is counted.
 */
export function withoutRemarks(state: Remarks, line: string): string {
  if (line.trim() === "" && state.spans === "not here") state.spans = "told";
  if (state.inRemark || /\||\\`/.test(line)) distrust(state, "not here");
  let shown = "";
  let rest = line;
  while (rest !== "") {
    const { text, taken, length } = state.inRemark ? remarkIn(state, rest) : textIn(state, rest);
    shown += text;
    state.hidden += taken.replaceAll(/\s/g, "").length;
    rest = rest.slice(length);
  }
  return shown;
}

type Piece = { readonly text: string; readonly taken: string; readonly length: number };

function remarkIn(state: Remarks, rest: string): Piece {
  const at = rest.indexOf("-->");
  if (at < 0) return { text: "", taken: rest, length: rest.length };
  state.inRemark = false;
  return { text: "", taken: rest.slice(0, at), length: at + 3 };
}

const sign = /`+|<!--|<[A-Za-z/!?]/;

function textIn(state: Remarks, rest: string): Piece {
  const found = sign.exec(rest);
  if (found === null) return { text: rest, taken: "", length: rest.length };
  const [what] = found;
  const end = found.index + what.length;
  if (what === "<!--") {
    state.inRemark = true;
    return { text: rest.slice(0, found.index), taken: "", length: end };
  }
  if (what.startsWith("<")) {
    // In some elements backticks mean nothing, over empty lines too.
    distrust(
      state,
      /^<(?:[!?]|\/?(?:pre|script|style|textarea)\b)/i.test(rest.slice(found.index)) ? "never" : "not here",
    );
    return { text: rest.slice(0, end), taken: "", length: end };
  }
  const close = state.spans === "told" ? endOfSpan(rest, end, what.length) : undefined;
  if (close === undefined) distrust(state, "not here");
  return { text: rest.slice(0, close ?? end), taken: "", length: close ?? end };
}

function distrust(state: Remarks, spans: "not here" | "never"): void {
  if (state.spans !== "never") state.spans = spans;
}

/** Behind the next run of just as many backticks. */
function endOfSpan(text: string, from: number, length: number): number | undefined {
  const runs = /`+/g;
  runs.lastIndex = from;
  for (let run = runs.exec(text); run !== null; run = runs.exec(text)) {
    if (run[0].length === length) return run.index + length;
  }
  return undefined;
}
