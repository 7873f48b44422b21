/** Cuts a stream of text into the JSON texts of its records, without parsing them. */

export type Splitter = {
  readonly push: (text: string) => void;
  /** Characters that wait for the end of their record. */
  readonly waiting: () => number;
  /** What is wrong with how the text ended. */
  readonly end: () => string | undefined;
};

/** One record a line; empty lines are none. */
export function createLineSplitter(take: (text: string) => void): Splitter {
  let rest = "";
  const line = (text: string): void => {
    const trimmed = text.trim();
    if (trimmed !== "") take(trimmed);
  };
  return {
    push: (text) => {
      const lines = `${rest}${text}`.split("\n");
      rest = lines.pop() ?? "";
      for (const each of lines) line(each);
    },
    waiting: () => rest.length,
    end: () => {
      line(rest);
      return undefined;
    },
  };
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openers = new Set([0x5b, 0x7b]);
const closers = new Set([0x5d, 0x7d]);
const isSpace = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d) || code === 0xfeff;

/** The elements of one list: only quotes, brackets and the commas of the outermost level are looked at. */
export function createElementSplitter(take: (text: string) => void): Splitter {
  let [rest, at, from, depth] = ["", 0, 0, 0];
  let [inText, escaped, closed] = [false, false, false];
  let trailing = false;

  const emit = (to: number): void => {
    const element = rest.slice(from, to).trim();
    from = to + 1;
    if (element !== "") take(element);
  };
  const insideText = (code: number): void => {
    if (escaped) escaped = false;
    else if (code === backslash) escaped = true;
    else if (code === quote) inText = false;
  };
  const outsideText = (code: number): void => {
    if (closed) trailing ||= !isSpace(code);
    else if (code === quote) inText = true;
    else if (openers.has(code)) {
      depth += 1;
      if (depth === 1) from = at + 1;
    } else if (closers.has(code)) {
      depth -= 1;
      if (depth === 0) {
        emit(at);
        closed = true;
      }
    } else if (code === comma && depth === 1) emit(at);
  };
  return {
    push: (text) => {
      rest = rest.slice(from) + text;
      at -= from;
      from = 0;
      for (; at < rest.length; at += 1) {
        const code = rest.codePointAt(at) ?? 0;
        if (inText) insideText(code);
        else outsideText(code);
      }
    },
    waiting: () => rest.length - from,
    end: () => {
      if (!closed) return "its list does not end";
      return trailing ? "something stands behind its list" : undefined;
    },
  };
}
