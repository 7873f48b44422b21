/** Detectors that an operator writes: regular expressions, matched in linear time, and dictionaries of words. */
import type { DataClassDocument } from "@airworthy/contract";
import { RE2JS } from "re2js";

import type { Span } from "./span.ts";

export type CustomDetector = (text: string) => Span[];

/** Of one text, this many matches of one detector are taken. */
const matchesMax = 1000;

/**
 * RE2's engine has no backtracking, so that no text can make a pattern slow; look-arounds and back-references do not
 * exist in it. @throws Error for a pattern that it does not take, which the check of a configuration reports.
 */
export function compileDetector({ name, patterns = [], words = [] }: DataClassDocument): CustomDetector {
  const expressions = patterns.map((pattern) => RE2JS.compile(pattern));
  const dictionary = readDictionary(words);
  return (text) => [
    ...expressions.flatMap((expression) => findMatches(expression, text)).map((span) => ({ ...span, class: name })),
    ...dictionary(text).map((span) => ({ ...span, class: name })),
  ];
}

type Place = Omit<Span, "class">;

function findMatches(expression: RE2JS, text: string): Place[] {
  const matcher = expression.matcher(text);
  const found: Place[] = [];
  while (found.length < matchesMax && matcher.find()) {
    // What matches nothing hides nothing.
    if (matcher.end() > matcher.start()) found.push({ from: matcher.start(), to: matcher.end() });
  }
  return found;
}

const word = /[\p{L}\p{N}]+/gu;
const fold = (text: string): string => text.normalize("NFKC").toLowerCase();

/** Whole words, case apart: entries are found by their first word, so that their number costs nothing. */
function readDictionary(words: readonly string[]): (text: string) => Place[] {
  const byFirst = new Map<string, string[][]>();
  for (const entry of words) {
    const parts = [...entry.matchAll(word)].map(([part]) => fold(part));
    const [first] = parts;
    if (first !== undefined) byFirst.set(first, [...(byFirst.get(first) ?? []), parts]);
  }
  if (byFirst.size === 0) return () => [];
  for (const entries of byFirst.values()) entries.sort((one, other) => other.length - one.length);
  return (text) => {
    const tokens = [...text.matchAll(word)].map((match) => ({
      text: fold(match[0]),
      from: match.index,
      to: match.index + match[0].length,
    }));
    const found: Place[] = [];
    for (const [at, token] of tokens.entries()) {
      if (found.length >= matchesMax) break;
      const entry = byFirst
        .get(token.text)
        ?.find((parts) => parts.every((part, step) => tokens[at + step]?.text === part));
      const last = entry && tokens[at + entry.length - 1];
      if (last) found.push({ from: token.from, to: last.to });
    }
    return found;
  };
}
