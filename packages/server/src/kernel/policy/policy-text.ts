/** Reads Cedar text without Cedar: tokens, one range per policy, places in a file, and the limits that keep the engine alive. */

export type Token = {
  readonly kind: "word" | "number" | "string" | "mark" | "unclosed";
  readonly text: string;
  /** UTF-16 offsets in the text. */
  readonly start: number;
  readonly end: number;
};

/** A place as editors count it: both from 1, columns in UTF-16 units. */
export type Place = { readonly line: number; readonly column: number };

export type TextLimits = {
  readonly fileBytes: number;
  readonly policies: number;
  /** Open brackets of any kind inside one another. */
  readonly nesting: number;
  /** `if` words in one policy. */
  readonly conditionals: number;
  /** `&& || + - * .` in one policy. */
  readonly operators: number;
  /** Levels of the parsed form, as JSON. Evaluation of about 650 levels overruns the stack of the engine. */
  readonly levels: number;
};

export const textLimits: TextLimits = {
  fileBytes: 256 * 1024,
  policies: 5_000,
  nesting: 60,
  conditionals: 100,
  operators: 1_000,
  levels: 300,
};

// Cedar ends a comment at a line feed and at a carriage return alike; whoever disagrees can be shown other brackets.
const lexeme =
  /(?<space>\s+|\/\/[^\n\r]*)|(?<string>"[^"\\]*(?:\\[^][^"\\]*)*")|(?<word>[_a-zA-Z][_a-zA-Z0-9]*)|(?<number>[0-9]+)|(?<mark>::|==|!=|<=|>=|&&|\|\||[^])/gu;

const kinds = ["string", "word", "number", "mark"] as const;

/** The tokens outside comments. A string that never ends is one token of kind `unclosed` up to the end of the text. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(lexeme)) {
    const kind = kinds.find((name) => match.groups?.[name] !== undefined);
    if (kind === undefined) continue;
    const start = match.index;
    if (kind === "mark" && match[0] === '"') {
      return [...tokens, { kind: "unclosed", text: text.slice(start), start, end: text.length }];
    }
    tokens.push({ kind, text: match[0], start, end: start + match[0].length });
  }
  return tokens;
}

/** One policy's tokens: everything up to and with its semicolon. The last may lack one, and the parser will say so. */
export function splitPolicies(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const pieces: Token[][] = [];
  let piece: Token[] = [];
  for (const token of tokens) {
    piece.push(token);
    if (token.text !== ";") continue;
    pieces.push(piece);
    piece = [];
  }
  return piece.length > 0 ? [...pieces, piece] : pieces;
}

export type LimitBreach = { readonly token: Token; readonly message: string; readonly hint: string };

const chained = new Set(["&&", "||", "+", "-", "*", "."]);
const opening = new Set(["(", "[", "{"]);
const closing = new Set([")", "]", "}"]);

/** The first thing in one policy that the engine must never be shown, or undefined. */
export function findBreach(tokens: readonly Token[], limits: TextLimits): LimitBreach | undefined {
  let counts = { nesting: 0, conditionals: 0, operators: 0 };
  for (const token of tokens) {
    if (token.kind === "unclosed") return { token, message: "this string is never closed", hint: 'close it with "' };
    counts = countToken(token, counts);
    const message = nameBreach(counts, limits);
    if (message !== undefined) return { token, message, hint: "split the policy, or test membership of a set" };
  }
  return undefined;
}

type Counts = Pick<TextLimits, "nesting" | "conditionals" | "operators">;

function countToken({ text }: Token, { nesting, conditionals, operators }: Counts): Counts {
  const change = Number(opening.has(text)) - Number(closing.has(text));
  return {
    nesting: Math.max(0, nesting + change),
    conditionals: conditionals + Number(text === "if"),
    operators: operators + Number(chained.has(text)),
  };
}

function nameBreach(counts: Counts, limits: TextLimits): string | undefined {
  if (counts.nesting > limits.nesting) return `more than ${limits.nesting} brackets inside one another`;
  if (counts.conditionals > limits.conditionals) return `more than ${limits.conditionals} uses of "if" in one policy`;
  return counts.operators > limits.operators ? `more than ${limits.operators} operators in one policy` : undefined;
}

/** The place that lies `offset` UTF-16 units into a text which itself begins at `base`. */
export function placeWithin(base: Place, text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const lastBreak = before.lastIndexOf("\n");
  if (lastBreak === -1) return { line: base.line, column: base.column + before.length };
  return { line: base.line + before.split("\n").length - 1, column: before.length - lastBreak };
}

/** Cedar counts bytes of UTF-8; editors and JavaScript count UTF-16 units. */
export function utf16Offset(text: string, byteOffset: number): number {
  return Buffer.from(text, "utf8").subarray(0, byteOffset).toString("utf8").length;
}
