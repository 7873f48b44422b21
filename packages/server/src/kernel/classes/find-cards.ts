/** Payment card numbers: an issuer's prefix with one of its lengths, and a right check digit. */
import { isLuhn } from "./digits.ts";
import type { Span } from "./span.ts";
import type { Zone } from "./zones.ts";

type Issuer = { readonly first: number; readonly last: number; readonly lengths: readonly number[] };

const span = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);
const issuer = (first: number, last: number, lengths: readonly number[]): Issuer => ({ first, last, lengths });

/**
 * Issuer identification numbers by their first six digits, and the lengths of their account numbers.
 * @see ISO/IEC 7812, and the networks' own published ranges.
 */
const issuers: readonly Issuer[] = [
  issuer(180_000, 180_099, [15]), // JCB, old
  issuer(213_100, 213_199, [15]), // JCB, old
  issuer(220_000, 220_499, span(16, 19)), // Mir
  issuer(222_100, 272_099, [16]), // Mastercard
  issuer(300_000, 305_999, [14, 16, 19]), // Diners Club
  issuer(309_500, 309_599, [14, 16, 19]),
  issuer(340_000, 349_999, [15]), // American Express
  issuer(350_000, 359_999, span(16, 19)), // JCB
  issuer(360_000, 369_999, span(14, 19)), // Diners Club
  issuer(370_000, 379_999, [15]), // American Express
  issuer(380_000, 399_999, [14, 16, 19]),
  issuer(400_000, 499_999, [13, 16, 18, 19]), // Visa
  issuer(500_000, 509_999, span(12, 19)), // Maestro, Elo, Verve, RuPay
  issuer(510_000, 559_999, [16]), // Mastercard
  issuer(560_000, 589_999, span(12, 19)), // Maestro
  issuer(600_000, 601_099, [16]), // RuPay
  issuer(601_100, 601_199, span(16, 19)), // Discover
  issuer(604_000, 604_999, span(12, 19)),
  issuer(606_282, 606_282, [13, 16, 19]), // Hipercard
  issuer(607_000, 608_999, [16]), // RuPay
  issuer(620_000, 629_999, span(16, 19)), // UnionPay
  issuer(630_000, 639_999, span(12, 19)), // Maestro, Elo
  issuer(644_000, 659_999, span(16, 19)), // Discover, Elo, RuPay, Troy
  issuer(670_000, 679_999, span(12, 19)), // Maestro
  issuer(810_000, 829_999, span(16, 19)), // UnionPay, RuPay
  issuer(979_200, 979_299, [16]), // Troy
  issuer(60_400, 60_499, span(12, 19)), // Maestro UK, written 0604
];

/** In one piece, or in the groups that cards are printed in: 4-4-4-4, 4-6-5, 4-6-4. */
const written =
  /(?<![\d.]|\d[-./ ])(?:\d{12,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?|\d{4}([ -])\d{6}\2\d{4,5})(?!\d|[-./]\d)/g;

export function findCards(zones: readonly Zone[]): Span[] {
  return zones.flatMap(({ from, text }) =>
    [...text.matchAll(written)].flatMap((match) => {
      const digits = match[0].replaceAll(/\D/g, "");
      const at = from + match.index;
      if (isLetterAt(text, match.index - 1) || isLetterAt(text, match.index + match[0].length)) return [];
      return isCard(digits) ? [{ class: "pci.card", from: at, to: at + match[0].length }] : [];
    }),
  );
}

const isLetterAt = (text: string, at: number): boolean => /[A-Za-z]/.test(text[at] ?? "");

function isCard(digits: string): boolean {
  const prefix = Number(digits.slice(0, 6));
  const known = issuers.some(
    ({ first, last, lengths }) => prefix >= first && prefix <= last && lengths.includes(digits.length),
  );
  // Twelve zeros pass every check, and are nobody's.
  return known && !/^(\d)\1+$/.test(digits) && isLuhn(digits);
}
