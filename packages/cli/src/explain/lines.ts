/** Lines of a page: titles, wrapped text and pairs of label and text. */
import { clean } from "../text/clean.ts";
import { pad, widthOf, wrap } from "../text/width.ts";
import type { Look } from "./look.ts";

export const indent = "  ";

export const titleLine = (title: string, look: Look): string => look.paint.bold(title.toUpperCase());

/** Text of ours or others', wrapped below an indentation; a painter colours each line whole. */
export function textLines(
  text: string,
  look: Look,
  style: { readonly margin?: string; readonly paint?: (line: string) => string } = {},
): readonly string[] {
  const margin = style.margin ?? indent;
  const paint = style.paint ?? ((line: string) => line);
  return wrap(clean(text), look.width - margin.length).map((line) => margin + paint(line));
}

/** `label  text`, with the text wrapped beside its label. */
export function pairLines(pairs: readonly (readonly [string, string | undefined])[], look: Look): readonly string[] {
  const present = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
  const labelWidth = Math.max(0, ...present.map(([label]) => widthOf(label)));
  const margin = `${indent}${" ".repeat(labelWidth)}  `;
  return present.flatMap(([label, text]) => {
    const [first = "", ...rest] = textLines(text, look, { margin });
    const head = `${indent}${look.paint.dim(pad(label, labelWidth))}  ${first.slice(margin.length)}`;
    return [head, ...rest];
  });
}
