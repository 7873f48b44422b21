/** Reads which formats of a workbook show a number as a date, a moment or a time of day. */
import type { MomentForm } from "./moment-of.ts";
import type { Parts } from "./open-parts.ts";
import { readXml } from "./read-xml.ts";

/** By the number of a cell's style. */
export type Styles = readonly (MomentForm | undefined)[];

/** ECMA-376 part 1, 18.8.30: the formats that every program knows, with those of East Asian languages. */
const builtIns: readonly { readonly from: number; readonly to: number; readonly form: MomentForm }[] = [
  { from: 14, to: 17, form: "date" },
  { from: 18, to: 21, form: "time" },
  { from: 22, to: 22, form: "timestamp" },
  { from: 27, to: 31, form: "date" },
  { from: 32, to: 33, form: "time" },
  { from: 34, to: 36, form: "date" },
  { from: 45, to: 47, form: "time" },
  { from: 50, to: 58, form: "date" },
];
const stylesMax = 100_000;

export async function readStyles(parts: Parts, part: string | undefined): Promise<Styles> {
  if (part === undefined) return [];
  const codes = new Map<number, string>();
  const formats: number[] = [];
  // Formats of what a cell looks like under a condition have numbers of their own, which may be those of the built-in ones.
  let isInFormats = false;
  let isInCells = false;
  await readXml(parts.read(part), {
    open: (name, { numFmtId = "0", formatCode = "" }) => {
      if (name === "cellXfs") isInCells = true;
      else if (name === "numFmts") isInFormats = true;
      else if (name === "numFmt" && isInFormats && codes.size < stylesMax) codes.set(Number(numFmtId), formatCode);
      else if (name === "xf" && isInCells && formats.length < stylesMax) formats.push(Number(numFmtId));
    },
    close: (name) => {
      if (name === "cellXfs") isInCells = false;
      if (name === "numFmts") isInFormats = false;
    },
  });
  return formats.map((format) => {
    const code = codes.get(format);
    return code === undefined ? builtIn(format) : formOf(code);
  });
}

function builtIn(format: number): MomentForm | undefined {
  return builtIns.find(({ from, to }) => format >= from && format <= to)?.form;
}

/** By the letters of a format's first section; quoted, escaped and bracketed text left out, but for elapsed time. */
export function formOf(code: string): MomentForm | undefined {
  const [section = ""] = code
    .replaceAll(/"[^"]*"|[\\_*]./g, "")
    .replaceAll(/\[(h+|m+|s+)\]/gi, "$1")
    .replaceAll(/\[[^\]]*\]/g, "")
    .replaceAll(/General|E[+-]/gi, "")
    .split(";", 1);
  const hasDay = /[dyeg]/i.test(section);
  const hasTime = /[hs]/i.test(section);
  if (hasDay && hasTime) return "timestamp";
  if (hasDay) return "date";
  if (hasTime) return "time";
  return /m/i.test(section) ? "date" : undefined;
}
