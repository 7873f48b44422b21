/** Personal numbers of states: how each is written, how its check digits are computed, and whether it needs a word beside it. */
import { isLuhn, isMod1110, isMonthDay, remainder, weigh } from "./digits.ts";

export type NationalId = {
  /** ISO 3166-1 alpha-2; the class is `pii.national_id.` and this in lower case. */
  readonly country: string;
  /** Bounded and without nested repetition, so that it is linear. */
  readonly written: RegExp;
  /** Of what was found without its separators, in capitals. */
  readonly check: (id: string) => boolean;
  /** Numbers that many others are like need one of these words before them, or in the field's name. */
  readonly context?: RegExp;
};

const letters = "TRWAGMYFPDXBNJZSQVHLCKE";
const month = (id: string, at: number): number => Number(id.slice(at, at + 2));
const isDated = (id: string, monthAt: number, dayAt: number): boolean =>
  isMonthDay(month(id, monthAt), month(id, dayAt));
const digit = (id: string, at: number): number => Number(id[at]);

function isSpanish(id: string): boolean {
  const number = id.slice(0, -1).replace(/^[XYZ]/, (first) => String("XYZ".indexOf(first)));
  return letters[Number(number) % 23] === id.at(-1);
}

/** @see Decreto ministeriale 23 dicembre 1976: odd places count by this table, even ones by their own value. */
const italianOdd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
function isItalian(id: string): boolean {
  const valueOf = (char: string): number => (/\d/.test(char) ? Number(char) : char.charCodeAt(0) - 65);
  const sum = Array.from(id.slice(0, 15)).reduce(
    (total, char, at) => total + (at % 2 === 0 ? (italianOdd[valueOf(char)] ?? 0) : valueOf(char)),
    0,
  );
  return String.fromCharCode(65 + (sum % 26)) === id[15];
}

function isFrench(id: string): boolean {
  const number = id.slice(0, 13).replace("2A", "19").replace("2B", "18");
  return /^\d{13}$/.test(number) && 97 - remainder(number, 97) === Number(id.slice(13));
}

function isBelgian(id: string): boolean {
  const key = Number(id.slice(9));
  // Those born since 2000 have a 2 put before their number.
  return [id.slice(0, 9), `2${id.slice(0, 9)}`].some((number) => 97 - remainder(number, 97) === key);
}

/** Brazilian and Turkish style: two check digits, each of all before it. */
function isBrazilian(id: string): boolean {
  const checkOf = (length: number): number => {
    const weights = Array.from({ length }, (_, at) => length + 1 - at);
    return ((weigh(id, weights) * 10) % 11) % 10;
  };
  return !/^(\d)\1+$/.test(id) && checkOf(9) === digit(id, 9) && checkOf(10) === digit(id, 10);
}

function isNorwegian(id: string): boolean {
  const first = (11 - (weigh(id, [3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11)) % 11;
  const second = (11 - (weigh(id, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  return first === digit(id, 9) && second === digit(id, 10);
}

function isTurkish(id: string): boolean {
  const odd = weigh(id, [1, 0, 1, 0, 1, 0, 1, 0, 1]);
  const even = weigh(id, [0, 1, 0, 1, 0, 1, 0, 1]);
  const tenth = (((odd * 7 - even) % 10) + 10) % 10;
  return id[0] !== "0" && tenth === digit(id, 9) && (odd + even + tenth) % 10 === digit(id, 10);
}

/** @see GB 11643-1999: ISO/IEC 7064 MOD 11-2. */
const isChinese = (id: string): boolean =>
  isDated(id, 10, 12) &&
  "10X98765432"[weigh(id, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11] === id[17];

const isNhs = (id: string): boolean => {
  const check = (11 - (weigh(id, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  return check === digit(id, 9);
};
const isPolish = (id: string): boolean =>
  isMonthDay(Number(id.slice(2, 4)) % 20, Number(id.slice(4, 6))) &&
  weigh(id, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0;
const isSwiss = (id: string): boolean => weigh(id, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0;
const isFinnish = (id: string): boolean =>
  isDated(id, 2, 0) && "0123456789ABCDEFHJKLMNPRSTUVWXY"[Number(id.slice(0, 6) + id.slice(-4, -1)) % 31] === id.at(-1);
const isIrish = (id: string): boolean => {
  const second = id[8] === undefined || id[8] === "W" ? 0 : (id.charCodeAt(8) - 64) * 9;
  return "WABCDEFGHIJKLMNOPQRSTUV"[(weigh(id, [8, 7, 6, 5, 4, 3, 2]) + second) % 23] === id[7];
};

/** @see the issuing states' own publications, gathered in the documentation of python-stdnum. */
export const nationalIds: readonly NationalId[] = [
  // Since 2011 any area but 000, 666 and 900 to 999 is given out.
  { country: "US", written: /\b(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}\b/g, check: () => true },
  {
    country: "US",
    written: /\b(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}\b/g,
    check: () => true,
    context: /\bssn\b|social.?security/i,
  },
  {
    country: "GB",
    written: /\b(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b/gi,
    check: () => true,
  },
  { country: "GB", written: /\b\d{3}[ -]?\d{3}[ -]?\d{4}\b/g, check: isNhs, context: /\bnhs\b/i },
  {
    country: "DE",
    written: /\b[1-9]\d ?\d{3} ?\d{3} ?\d{3}\b/g,
    check: isMod1110,
    context: /steuer|\bidnr|identifikationsnummer|tax.?id|\btin\b/i,
  },
  {
    country: "FR",
    written: /\b[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}\b/gi,
    check: isFrench,
  },
  { country: "ES", written: /\b(?:\d{8}|[XYZ]\d{7})-?[A-HJ-NP-TV-Z]\b/gi, check: isSpanish },
  { country: "IT", written: /\b[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]\b/gi, check: isItalian },
  {
    country: "NL",
    written: /\b\d{9}\b/g,
    check: (id) => weigh(id, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0,
    context: /\bbsn\b|burgerservice|sofi/i,
  },
  { country: "BE", written: /\b\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}\b/g, check: isBelgian },
  { country: "CH", written: /\b756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}\b/g, check: isSwiss },
  {
    country: "AT",
    written: /\b[1-9]\d{3} ?\d{6}\b/g,
    check: (id) => isDated(id, 6, 4) && weigh(id, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 === digit(id, 3),
    context: /\bsv(?:nr)?\b|sozialversicherung|versicherungsnummer/i,
  },
  { country: "PL", written: /\b\d{11}\b/g, check: isPolish, context: /pesel/i },
  {
    country: "SE",
    written: /\b(?:19|20)?\d{6}[-+]\d{4}\b/g,
    check: (id) => isDated(id.slice(-10), 2, 4) && isLuhn(id.slice(-10)),
  },
  { country: "NO", written: /\b[0-7]\d{5} ?\d{5}\b/g, check: isNorwegian, context: /f.dsels|personn|national.?id/i },
  { country: "DK", written: /\b[0-3]\d[01]\d{3}-\d{4}\b/g, check: (id) => isDated(id, 2, 0) },
  { country: "FI", written: /\b[0-3]\d[01]\d{3}[-+A-FU-Y]\d{3}[0-9A-Y]\b/gi, check: isFinnish },
  { country: "IE", written: /\b\d{7}[A-W][A-IW]?\b/gi, check: isIrish, context: /\bpps|personal public/i },
  {
    country: "PT",
    written: /\b[1-3]\d{8}\b/g,
    check: (id) => ((11 - (weigh(id, [9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11) % 10 === digit(id, 8),
    context: /\bnif\b|contribuinte/i,
  },
  { country: "BR", written: /\b\d{3}\.\d{3}\.\d{3}-\d{2}\b/g, check: isBrazilian },
  { country: "BR", written: /\b\d{11}\b/g, check: isBrazilian, context: /\bcpf\b/i },
  { country: "CA", written: /\b\d{3}[- ]?\d{3}[- ]?\d{3}\b/g, check: isLuhn, context: /\bsin\b|social.?insurance/i },
  {
    country: "AU",
    written: /\b\d{3} ?\d{3} ?\d{3}\b/g,
    check: (id) => weigh(id, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0,
    context: /\btfn\b|tax.?file/i,
  },
  { country: "IN", written: /\b[2-9]\d{3} ?\d{4} ?\d{4}\b/g, check: isVerhoeff, context: /aa?dhaa?r|\buid(?:ai)?\b/i },
  { country: "TR", written: /\b[1-9]\d{10}\b/g, check: isTurkish, context: /\bt\.?c\.?\b|kimlik/i },
  { country: "CN", written: /\b[1-9]\d{16}[\dX]\b/gi, check: isChinese },
  {
    country: "MX",
    written: /\b[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[A-Z\d]\d\b/gi,
    check: (id) => isDated(id, 6, 8),
  },
  { country: "ZA", written: /\b\d{6} ?\d{4} ?[01]8\d\b/g, check: (id) => isDated(id, 2, 4) && isLuhn(id) },
];

const dihedral = [
  "0123456789",
  "1234067895",
  "2340178956",
  "3401289567",
  "4012395678",
  "5987604321",
  "6598710432",
  "7659821043",
  "8765932104",
  "9876543210",
] as const;
const turns = [
  "0123456789",
  "1576283094",
  "5803796142",
  "8916043527",
  "9453126870",
  "4286573901",
  "2793806415",
  "7046913258",
] as const;

/** @see J. Verhoeff, Error Detecting Decimal Codes (1969). */
function isVerhoeff(id: string): boolean {
  const rest = Array.from(id)
    .toReversed()
    .reduce((sum, char, at) => {
      const turned = turns[at % 8]?.[Number(char)] ?? "0";
      return Number(dihedral[sum]?.[Number(turned)] ?? "0");
    }, 0);
  return rest === 0;
}
