/** Turns the HTML of a mail into the text that a person would see. Nothing is fetched; what is hidden is counted and left out. */
import { Parser } from "htmlparser2";

import { hidesContent, type Paint, paintOf, startPaint } from "./hidden-style.ts";
import { mailLimits } from "./mail-limits.ts";

export type HtmlText = {
  readonly text: string;
  /** Characters, blanks not counted, that stand in parts which are not shown. */
  readonly hidden: number;
  readonly cut: boolean;
  /** Why it was not read to its end: its tags cost more than a mail is worth. */
  readonly excess?: string;
};

/** Never shown, and not meant to be: what stands in them is code or furniture, not hidden text. */
const silent = new Set(["head", "script", "style", "template", "iframe", "object", "svg", "math", "audio", "video"]);
const blocks = new Set(
  "address article aside blockquote center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table tr ul".split(
    " ",
  ),
);
const linkMax = 500;
/** How far back a link's address may stand for it to be in sight. */
const sightLength = 2048;

type Open = {
  readonly silent: boolean;
  readonly hidden: boolean;
  readonly paint: Paint;
  readonly pre: boolean;
  readonly link: string | undefined;
};
const outermost: Open = { silent: false, hidden: false, paint: startPaint, pre: false, link: undefined };

/** Text past `lengthMax` is cut. */
export function htmlToText(html: string, lengthMax: number): HtmlText {
  const writer = createWriter(lengthMax);
  const stack: Open[] = [outermost];
  const top = (): Open => stack.at(-1) ?? outermost;
  let hidden = 0;
  let tags = 0;
  let excess: string | undefined;
  const parser = new Parser({
    onopentag: (name, attributes) => {
      excess ??= judgeTags((tags += 1), stack.length);
      if (excess !== undefined) {
        parser.pause();
        return;
      }
      const above = top();
      const paint = paintOf(attributes, above.paint);
      const open = {
        silent: above.silent || silent.has(name),
        hidden: above.hidden || hidesContent({ name, attributes }, paint),
        paint,
        pre: above.pre || name === "pre",
        link: name === "a" ? linkOf(attributes["href"]) : undefined,
      };
      stack.push(open);
      if (!open.silent && !open.hidden) writer.begin(name);
    },
    onclosetag: (name) => {
      const open = top();
      if (stack.length > 1) stack.pop();
      if (open.silent || open.hidden) return;
      if (open.link !== undefined) writer.link(open.link);
      writer.end(name);
    },
    ontext: (text) => {
      const { silent: isSilent, hidden: isHidden, pre } = top();
      if (isSilent) return;
      if (isHidden) hidden += text.replaceAll(/\s+/g, "").length;
      else writer.write(text, pre);
    },
  });
  parser.end(html);
  return { ...writer.done(), hidden, ...(excess === undefined ? {} : { excess }) };
}

/** The parser looks through all open tags for each that closes. */
function judgeTags(tags: number, depth: number): string | undefined {
  if (depth > mailLimits.tagDepth) return `its HTML has more than ${mailLimits.tagDepth} tags within each other`;
  return tags > mailLimits.tags ? `its HTML has more than ${mailLimits.tags} tags` : undefined;
}

/** Where a link leads is what a person would look at before following it. */
function linkOf(href: string | undefined): string | undefined {
  const target = href?.trim() ?? "";
  return /^(?:https?:\/\/|mailto:)\S+$/i.test(target) && target.length <= linkMax ? target : undefined;
}

function createWriter(lengthMax: number) {
  const parts: string[] = [];
  let length = 0;
  /** What is owed before the next word: nothing, a blank, a line break. */
  let owed: "" | " " | "\n" | "\n\n" = "";
  let line = "";
  const push = (text: string): void => {
    // One more than is kept shows that it was cut.
    if (text === "" || length > lengthMax) return;
    const lead = length === 0 ? "" : owed;
    owed = "";
    if (lead.startsWith("\n")) line = "";
    line = (line + text).slice(-sightLength);
    parts.push(lead, text);
    length += lead.length + text.length;
  };
  const owe = (what: typeof owed): void => {
    if (what.length > owed.length || (what === "\n" && owed === " ")) owed = what;
  };
  return {
    begin: (name: string): void => {
      if (name === "br") owe(owed === "\n" ? "\n\n" : "\n");
      else if (name === "td" || name === "th") owe(" ");
      else if (blocks.has(name)) owe(name === "p" ? "\n\n" : "\n");
      if (name === "li") push("- ");
    },
    end: (name: string): void => {
      if (blocks.has(name)) owe(name === "p" ? "\n\n" : "\n");
    },
    link: (target: string): void => {
      if (!line.includes(target)) push(` <${target}>`);
    },
    write: (text: string, pre: boolean): void => {
      if (pre) {
        push(text);
        return;
      }
      const words = text.replaceAll(/\s+/g, " ");
      if (words.startsWith(" ")) owe(" ");
      push(words.trim());
      if (words.length > 1 && words.endsWith(" ")) owe(" ");
    },
    done: (): { readonly text: string; readonly cut: boolean } => {
      const text = parts.join("");
      return { text: text.slice(0, lengthMax), cut: text.length > lengthMax };
    },
  };
}
