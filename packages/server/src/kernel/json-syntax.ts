/** Finds where a text stops being JSON. Runs only after the engine's parser has refused the text. */

const space = /[ \t\n\r]*/y;
const bareword = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const escaped = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

type Opener = "{" | "[";
type Expected = "value" | "value or end" | "name" | "name or end" | "colon" | "comma or end" | "nothing";
type Step = { readonly end: number; readonly next: Expected };

/** The index (UTF-16) of the first character that cannot stand where it stands, or undefined if the text is JSON. */
export function findSyntaxFault(text: string): number | undefined {
  const open: Opener[] = [];
  let expected: Expected = "value";
  let at = match(space, text, 0) ?? 0;
  while (at < text.length) {
    const step: Step | undefined = take(text, at, { expected, open });
    if (step === undefined) return at;
    at = match(space, text, step.end) ?? step.end;
    expected = step.next;
  }
  return expected === "nothing" ? undefined : at;
}

function take(text: string, at: number, state: { expected: Expected; open: Opener[] }): Step | undefined {
  const { expected, open } = state;
  const sign = text[at];
  if (expected === "nothing") return undefined;
  if (expected === "colon") return sign === ":" ? { end: at + 1, next: "value" } : undefined;
  if (expected.endsWith("end") && sign === (open.at(-1) === "{" ? "}" : "]")) {
    open.pop();
    return { end: at + 1, next: afterValue(open) };
  }
  if (expected === "comma or end") return takeComma(sign, at, open);
  return expected.startsWith("name") ? takeName(text, at) : takeValue(text, at, open);
}

function takeComma(sign: string | undefined, at: number, open: readonly Opener[]): Step | undefined {
  return sign === "," ? { end: at + 1, next: open.at(-1) === "{" ? "name" : "value" } : undefined;
}

function takeName(text: string, at: number): Step | undefined {
  const end = text[at] === '"' ? endOfString(text, at) : undefined;
  return end === undefined ? undefined : { end, next: "colon" };
}

function takeValue(text: string, at: number, open: Opener[]): Step | undefined {
  const sign = text[at];
  if (sign === "{" || sign === "[") {
    open.push(sign);
    return { end: at + 1, next: sign === "{" ? "name or end" : "value or end" };
  }
  const end = sign === '"' ? endOfString(text, at) : match(bareword, text, at);
  return end === undefined ? undefined : { end, next: afterValue(open) };
}

function endOfString(text: string, from: number): number | undefined {
  let at = from + 1;
  while (at < text.length && text[at] !== '"') {
    if (text.charCodeAt(at) < 0x20) return undefined;
    const next: number | undefined = text[at] === "\\" ? match(escaped, text, at) : at + 1;
    if (next === undefined) return undefined;
    at = next;
  }
  return at < text.length ? at + 1 : undefined;
}

function afterValue(open: readonly Opener[]): Expected {
  return open.length > 0 ? "comma or end" : "nothing";
}

function match(pattern: RegExp, text: string, from: number): number | undefined {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}
