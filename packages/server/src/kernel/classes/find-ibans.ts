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
  if (!spec?.chars) return undefined;
  let iban = "";
  let at = from;
  while (iban.length < spec.chars) {
    const letter = text[at] ?? "";
    if (/[A-Za-z0-9]/.test(letter)) iban += letter.toUpperCase();
    // Two gaps in a row part two things.
    else if (!gap.test(letter) || gap.test(text[at - 1] ?? "")) return undefined;
    at += 1;
  }
  if (/[A-Za-z0-9]/.test(text[at] ?? "")) return undefined;
  const fits = spec.bban_regexp === undefined || spec.bban_regexp === null || new RegExp(spec.bban_regexp).test(iban.slice(4));
  return fits && remainder97(iban) === 1 ? at : undefined;
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
