/** Cuts blocks of text into passages of a bounded length, at the gentlest place there is. */
import { type Block, type Passage, Unreadable } from "./document.ts";
import { passageHash } from "./passage-hash.ts";

const passagesMax = 20_000;

/**
 * Short neighbours under the same headings and on the same page are joined up to a third of `length`; what is longer than
 * `length` characters is cut at the end of a line, a sentence or a word.
 */
export function splitPassages(blocks: Iterable<Block>, length: number): Passage[] {
  const passages: Passage[] = [];
  let open: Block | undefined;
  const close = (): void => {
    if (open === undefined) return;
    if (passages.length >= passagesMax) throw new Unreadable(`it has more than ${passagesMax} passages`);
    passages.push(toPassage(open, passages.length + 1));
    open = undefined;
  };
  // Of text that nobody sees nothing is left but its count: it goes with what comes next, else with what came last.
  let carried = 0;
  for (const block of blocks) {
    if (block.text.trim() === "") carried += block.hidden;
    for (const whole of cut(block, length)) {
      const piece = { ...whole, hidden: whole.hidden + carried };
      carried = 0;
      const joined: Block | undefined = open && isSameplace(open, piece) ? join(open, piece) : undefined;
      if (open !== undefined && (joined === undefined || joined.text.length > Math.max(length / 3, 1))) close();
      open = open === undefined || joined === undefined ? piece : joined;
    }
  }
  if (open !== undefined) open = { ...open, hidden: open.hidden + carried };
  close();
  return passages;
}

function toPassage({ text, headings, page, hidden }: Block, ordinal: number): Passage {
  return { hash: passageHash(text), ordinal, headings, ...(page === undefined ? {} : { page }), text, hidden };
}

const isSameplace = (left: Block, right: Block): boolean =>
  left.page === right.page &&
  left.headings.length === right.headings.length &&
  left.headings.every((heading, at) => heading === right.headings[at]);

const join = (left: Block, right: Block): Block => ({
  ...left,
  text: `${left.text}\n\n${right.text}`,
  hidden: left.hidden + right.hidden,
});

function* cut(block: Block, length: number): Generator<Block> {
  let rest = block.text.trim();
  let { hidden } = block;
  while (rest !== "") {
    const at = rest.length <= length ? rest.length : placeToCut(rest, length);
    const text = rest.slice(0, at).trimEnd();
    rest = rest.slice(at).trimStart();
    if (text !== "") yield { ...block, text, hidden };
    // Counted once, with the first piece.
    hidden = 0;
  }
}

/** Behind the last end of a line, a sentence or a word in the second half; else in the middle of a word, never of a character. */
function placeToCut(text: string, length: number): number {
  const window = text.slice(0, length);
  for (const isEnd of [isLineEnd, isSentenceEnd, isBlank]) {
    for (let at = length - 1; at > length / 2; at -= 1) if (isEnd(window, at)) return at + 1;
  }
  const unit = window.charCodeAt(length - 1);
  return unit >= 0xd800 && unit <= 0xdbff ? length - 1 : length;
}

const isLineEnd = (text: string, at: number): boolean => text[at] === "\n";
const isBlank = (text: string, at: number): boolean => /\s/u.test(text[at] ?? "");
const isSentenceEnd = (text: string, at: number): boolean =>
  isBlank(text, at) && /[.!?\u3002]["'\u201D\u2019)\]]?$/u.test(text.slice(at - 2, at));
