/** Reads Markdown as far as passages need it: headings, paragraphs, fences, and remarks that no reader would see. */
import { parse } from "yaml";

import { cleanText, oneLine } from "./clean-text.ts";
import type { Block } from "./document.ts";
import { withoutRemarks, type Remarks } from "./without-remarks.ts";

const headingMax = 200;

type State = Remarks & {
  readonly blocks: Block[];
  headings: readonly { readonly depth: number; readonly text: string }[];
  lines: string[];
  fence: string | undefined;
  title: string | undefined;
  /** Whether nothing has stood under the last heading yet. */
  bare: boolean;
};

/** Line by line and in one pass, whatever stands in it. The title is the front matter's, else the first heading. */
export function readMarkdown(raw: string): { readonly title: string | undefined; readonly blocks: readonly Block[] } {
  const lines = raw.replace(/^\uFEFF/, "").split(/\r\n?|\n/);
  const front = frontMatterOf(lines);
  const state: State = {
    blocks: [],
    headings: [],
    lines: [],
    hidden: 0,
    fence: undefined,
    inRemark: false,
    spans: "told",
    title: front.title,
    bare: false,
  };
  for (const line of lines.slice(front.lines)) takeLine(state, line);
  close(state);
  closeSection(state, 1);
  const last = state.blocks.pop();
  if (last !== undefined) state.blocks.push({ ...last, hidden: last.hidden + state.hidden });
  return { title: state.title, blocks: state.blocks };
}

function takeLine(state: State, raw: string): void {
  const fence = /^ {0,3}(`{3,}|~{3,})/.exec(raw)?.[1];
  if (state.fence !== undefined) {
    state.lines.push(clean(state, raw));
    if (fence?.startsWith(state.fence) === true && raw.trim() === fence) state.fence = undefined;
  } else if (fence !== undefined && !state.inRemark) {
    state.fence = fence;
    state.lines.push(clean(state, raw));
  } else takeProse(state, clean(state, withoutRemarks(state, raw)));
}

function takeProse(state: State, line: string): void {
  const [, marks, text = ""] = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/.exec(line) ?? [];
  if (marks !== undefined) startSection(state, marks.length, text.replace(/(?:^|[ \t])#+[ \t]*$/, ""));
  else if (/^ {0,3}(?:=+|-{2,})[ \t]*$/.test(line) && state.lines.length === 1) {
    const [heading = ""] = state.lines.splice(0);
    startSection(state, line.trim().startsWith("=") ? 1 : 2, heading);
  } else if (line.trim() === "" || (state.lines.length === 0 && /^ {0,3}-{3,}[ \t]*$/.test(line))) close(state);
  else state.lines.push(line);
}

function startSection(state: State, depth: number, text: string): void {
  close(state);
  closeSection(state, depth);
  const heading = oneLine(text).slice(0, headingMax);
  const above = state.headings.filter((one) => one.depth < depth);
  state.headings = heading === "" ? above : [...above, { depth, text: heading }];
  if (heading !== "") state.title ??= heading;
  state.bare = heading !== "";
}

/** A heading under which nothing stands, not even another heading, says something by itself. */
function closeSection(state: State, nextDepth: number): void {
  const last = state.headings.at(-1);
  if (!state.bare || last === undefined || last.depth < nextDepth) return;
  state.lines = [last.text];
  state.headings = state.headings.slice(0, -1);
  close(state);
}

function close(state: State): void {
  const text = state.lines.join("\n");
  state.lines = [];
  if (text.trim() === "") return;
  state.blocks.push({ text, headings: state.headings.map((one) => one.text), hidden: state.hidden });
  state.hidden = 0;
  state.bare = false;
}

function clean(state: State, line: string): string {
  const { text, hidden } = cleanText(line);
  state.hidden += hidden;
  return text;
}

/** A mapping in YAML between two lines of `---` at the very beginning; anything else there is text between two rules. */
function frontMatterOf(lines: readonly string[]): { readonly lines: number; readonly title: string | undefined } {
  const none = { lines: 0, title: undefined };
  if (lines[0] !== "---") return none;
  const end = lines.slice(1, 200).findIndex((line) => line === "---" || line === "...");
  if (end < 0) return none;
  const front = mappingIn(lines.slice(1, end + 1).join("\n"));
  if (front === undefined) return none;
  const title = "title" in front && typeof front.title === "string" ? front.title.trim() : "";
  return {
    lines: end + 2,
    title: title === "" ? undefined : oneLine(cleanText(title).text).slice(0, headingMax),
  };
}

function mappingIn(text: string): object | undefined {
  try {
    const value: unknown = parse(text, { maxAliasCount: 0, logLevel: "error" });
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
