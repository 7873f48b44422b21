/** The forms by which a value carries its class on: to other fields, other systems, and into texts. */
import { foldText, formsOf, type Scalar } from "../provenance/value-forms.ts";
import type { Span } from "./span.ts";

/** Shorter ones are words that stand everywhere. */
const lettersMin = 4;
const textMax = 128;

/**
 * Of a text of at least four characters its folded text, and of accounts and numbers of eight characters their bare
 * form. Short numbers, days and truths carry nothing: too many others are the same.
 */
export function carriedForms(value: Scalar): string[] {
  if (value === null || typeof value === "boolean") return [];
  return formsOf(value).filter((form) => {
    if (form.startsWith("c:") || form.startsWith("u:")) return true;
    return form.startsWith("t:") && isTelling(form.slice(2));
  });
}

const isTelling = (text: string): boolean =>
  text.length >= lettersMin && text.length <= textMax && !/^[\d\s.,:/+-]+$/.test(text);

export type Phrase = Omit<Span, "class"> & { readonly form: string };

const word = /[\p{L}\p{N}]+/gu;
const wordsMax = 4;

/** The runs of one to four words in a text, as a value of so many words would be found; at most `max`. */
export function phrasesOf(text: string, max: number): Phrase[] {
  const places = [...text.matchAll(word)].map((match) => ({ from: match.index, to: match.index + match[0].length }));
  const phrases: Phrase[] = [];
  for (const [at, { from }] of places.entries()) {
    for (let more = 0; more < wordsMax && phrases.length < max; more += 1) {
      const to = places[at + more]?.to;
      if (to === undefined || to - from > textMax) break;
      const folded = foldText(text.slice(from, to));
      if (isTelling(folded)) phrases.push({ from, to, form: `t:${folded}` });
    }
  }
  return phrases;
}
