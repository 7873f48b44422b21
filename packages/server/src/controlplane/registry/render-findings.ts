/** Renders findings for a terminal: the message, the line it is about, and the hint under the caret. */
import type { ConfigFile, Finding } from "@airworthy/contract";

export type RenderOptions = { readonly color?: boolean };

const MAX_WIDTH = 120;

type Paint = (text: string) => string;
type Palette = { readonly error: Paint; readonly warning: Paint; readonly faint: Paint; readonly strong: Paint };

/** All findings as code frames, then one line that counts them. The empty string when there are none. */
export function renderFindings(
  findings: readonly Finding[],
  files: readonly ConfigFile[],
  options: RenderOptions = {},
): string {
  if (findings.length === 0) return "";
  const palette = options.color === true ? ansi : plain;
  const lines = new Map(files.map((file) => [file.path, file.text.replace(/^\uFEFF/, "").split(/\r?\n/)]));
  const frames = findings.map((finding) => renderFinding(finding, lines.get(finding.file), palette));
  return `${frames.join("\n\n")}\n\n${countFindings(findings)}\n`;
}

function renderFinding(finding: Finding, lines: readonly string[] | undefined, palette: Palette): string {
  const paint = palette[finding.severity];
  const head = `${paint(`${finding.severity}[${finding.code}]`)}: ${palette.strong(clean(finding.message))}`;
  const where = palette.faint(`  --> ${clean(finding.file)}:${finding.line}:${finding.column}`);
  const line = lines?.[finding.line - 1];
  if (line === undefined) {
    const hint = finding.hint === undefined ? [] : [`  ${clean(finding.hint)}`];
    return [head, where, ...hint].join("\n");
  }
  const frame = cutLine(line, finding);
  const number = String(finding.line).padStart(3);
  const margin = " ".repeat(number.length);
  const caret = paint("^".repeat(frame.length));
  const under = `${" ".repeat(frame.start)}${caret}${finding.hint === undefined ? "" : ` ${paint(clean(finding.hint))}`}`;
  return [head, where, `${palette.faint(`${number}|`)} ${frame.text}`, `${palette.faint(`${margin}|`)} ${under}`].join(
    "\n",
  );
}

type Frame = { readonly text: string; readonly start: number; readonly length: number };

/** The part of the line around the marked place. What looks like a secret is not shown again. */
function cutLine(line: string, finding: Finding): Frame {
  const start = Math.min(Math.max(finding.column - 1, 0), line.length);
  const end = Math.max(Math.min(start + finding.length, line.length), start + 1);
  const marked = finding.code === "AW1402" ? "*".repeat(end - start) : line.slice(start, end);
  const whole = `${line.slice(0, start)}${marked}${line.slice(end)}`;
  const from = end > MAX_WIDTH ? Math.max(0, start - 20) : 0;
  const text = clean(whole.slice(from, from + MAX_WIDTH));
  const lead = from > 0 ? "…" : "";
  const tail = whole.length > from + MAX_WIDTH ? "…" : "";
  const length = Math.max(1, Math.min(end, from + MAX_WIDTH) - start);
  return { text: `${lead}${text}${tail}`, start: start - from + lead.length, length };
}

function countFindings(findings: readonly Finding[]): string {
  const errors = findings.filter((finding) => finding.severity === "error").length;
  const warnings = findings.length - errors;
  return [errors > 0 ? count(errors, "error") : "", warnings > 0 ? count(warnings, "warning") : ""]
    .filter((part) => part !== "")
    .join(", ");
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

/** A file must not steer the terminal that shows it; every replaced character keeps its column. */
function clean(text: string): string {
  return text.replaceAll(/\t/g, " ").replaceAll(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, "\uFFFD");
}

const paintWith =
  (code: number): Paint =>
  (text) =>
    `\u001B[${code}m${text}\u001B[0m`;
const ansi: Palette = { error: paintWith(31), warning: paintWith(33), faint: paintWith(2), strong: paintWith(1) };
const same: Paint = (text) => text;
const plain: Palette = { error: same, warning: same, faint: same, strong: same };
