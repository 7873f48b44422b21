/** International bank account numbers: a country with its length and structure, and a remainder of 1. */
import { countrySpecs } from "ibantools";

import type { Span } from "./span.ts";
import type { Zone } from "./zones.ts";

const start = /(?<![A-Za-z0-9])[A-Za-z]{2}[ -]?\d{2}/g;
/** Groups are parted by one of these. */
const gap = /[\s-]/;

export function findIbans(text: string, zones: readonly Zone[]): Span[] {
  return zones.flatMap((zone) =>
    [...zone.text.matchAll(start)].flatMap((match) => {
      const { from } = zone;
      // A zone may begin within a long word.
      const isWord = /[A-Za-z]/.test(text[from + match.index - 1] ?? "");
      const to = isWord ? undefined : endOfIban(zone.text, match.index);
      return to === undefined ? [] : [{ class: "bank.iban", from: from + match.index, to: from + to }];
    }),
  );
}

/** Takes as many characters as the country's numbers have; undefined when they are none. */
function endOfIban(text: string, from: number): number | undefined {
  const country = text.slice(from, from + 2).toUpperCase();
  const spec = Object.hasOwn(countrySpecs, country) ? countrySpecs[country] : undefined;
  const taken = spec?.chars ? takeLetters(text, from, spec.chars) : undefined;
  if (!taken || isLetter(text[taken.to])) return undefined;
  const { bban_regexp: form } = spec ?? {};
  if (form && !new RegExp(form).test(taken.letters.slice(4))) return undefined;
  return remainder97(taken.letters) === 1 ? taken.to : undefined;
}

const isLetter = (char = ""): boolean => /[A-Za-z0-9]/.test(char);

/** So many letters and digits; two gaps in a row part two things. */
function takeLetters(text: string, from: number, count: number): { letters: string; to: number } | undefined {
  let letters = "";
  let to = from;
  for (; letters.length < count; to += 1) {
    const char = text[to] ?? "";
    if (isLetter(char)) letters += char.toUpperCase();
    else if (!gap.test(char) || gap.test(text[to - 1] ?? "")) return undefined;
  }
  return { letters, to };
}

/** @see ISO 13616-1: the first four characters to the end, letters as 10 to 35. */
function remainder97(iban: string): number {
  let rest = 0;
  for (const letter of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(letter, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest;
}
