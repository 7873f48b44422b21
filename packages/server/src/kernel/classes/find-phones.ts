/** Telephone numbers: international ones wherever they stand, national ones where they are written or named as such. */
import { type CountryCode, parsePhoneNumberFromString } from "libphonenumber-js/max";

import { contextOf } from "./context-of.ts";
import type { Span } from "./span.ts";
import type { Zone } from "./zones.ts";

/** Groups of digits with at most three signs between them, and an extension; what stands around it is looked at afterwards. */
const written = /(?:\+|00)?\(?\d{1,20}(?:[-./() \u00a0]{1,3}\d{1,20}){0,7}\)?(?: ?(?:x|#|ext\.?) ?\d{1,6})?/g;
const named =
  /\b(?:phone|telephone|tel|mobile|cell|fax|call|calling|called|dial|ring|text(?:ed)?|whatsapp|contact|reach|answer(?:ed|ing)?|messages?|sms|telefon|handy|mobil|anruf|portable|t[ée]l[ée]phone|tel[ée]fono|celular|numero|número)\b/i;
/** Dates and ranges of years are written with the same signs. */
const date =
  /^(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}(?:[ T].*)?|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}|(?:19|20)\d\d ?[-/] ?(?:19|20)\d\d)$/;
/** So are amounts, decimals and postal codes; and two numbers that merely follow each other. */
const amount = /^(?:\d{1,3}(?:[. ]\d{3})+|\d+\.\d+|\d{5}-\d{3,4}|[1-9]\d* \d+)$/;
/** Countries whose national numbers are looked for; international ones are found for all. */
const regions: readonly CountryCode[] = [
  "US",
  "GB",
  "DE",
  "FR",
  "IT",
  "ES",
  "NL",
  "CH",
  "AT",
  "SE",
  "DK",
  "AU",
  "IN",
  "BR",
];
/** Of one text, this many are looked at in every region. */
const parsesMax = 50;

export function findPhones(text: string, zones: readonly Zone[], field: string): Span[] {
  const budget = { parses: parsesMax };
  return zones.flatMap((zone) =>
    [...zone.text.matchAll(written)].flatMap((match) => {
      const from = zone.from + match.index;
      if (isPartOfWord(text, from, from + match[0].length)) return [];
      const spoken = named.test(contextOf(text, from, field));
      const found = takePhone(match[0].replace(/ \d?$/, ""), spoken, budget);
      return found === undefined ? [] : [{ class: "pii.phone", from, to: from + found.length }];
    }),
  );
}

function isPartOfWord(text: string, from: number, to: number): boolean {
  return (
    /[\w.]$|[A-Za-z][-/#]$/.test(text.slice(Math.max(0, from - 2), from)) ||
    /^(?:[A-Za-z_]|[-./:]\d)/.test(text.slice(to, to + 2))
  );
}

/** The whole, or what is left of it without its last groups: another number may follow. */
function takePhone(found: string, spoken: boolean, budget: { parses: number }): string | undefined {
  for (let rest = found, tries = 0; tries < 3; tries += 1) {
    const digits = rest.replaceAll(/\D/g, "").length;
    if (digits < 7) return undefined;
    if (digits <= 20 && isPhone(rest, spoken, budget)) return rest;
    const shorter = rest.replace(/[-./() \u00a0x#]+\d+\)?$/, "");
    if (shorter === rest) return undefined;
    rest = shorter;
  }
  return undefined;
}

function isPhone(text: string, spoken: boolean, budget: { parses: number }): boolean {
  if (isInternational(text)) return true;
  if (date.test(text)) return false;
  if (spoken) return text.replaceAll(/\D/g, "").length <= 16;
  if (budget.parses <= 0 || amount.test(text)) return false;
  budget.parses -= 1;
  return isNational(text);
}

function isInternational(text: string): boolean {
  if (!/^(?:\+|00)/.test(text)) return false;
  return parsePhoneNumberFromString(text.replace(/^00/, "+").replace("(0)", ""))?.isPossible() ?? false;
}

/** In groups, and valid in one of the regions. A bare number is none without a word that says so. */
function isNational(text: string): boolean {
  if (!/\d\)?[-./ \u00a0]{1,2}\(?\d/.test(text)) return false;
  return regions.some((region) => parsePhoneNumberFromString(text, region)?.isValid() ?? false);
}
