/** Brings numbers and days, as people write them, into the forms that contracts know. */
import type { SourceContractDocument } from "@airworthy/contract";

export type WrittenForms = {
  /** Absent: a point. */
  readonly decimals?: "point" | "comma" | undefined;
  /** Absent: ISO 8601. */
  readonly dates?: "iso" | "dd.mm.yyyy" | "dd/mm/yyyy" | "mm/dd/yyyy" | "yyyymmdd" | undefined;
};
export type Normaliser = (field: string, text: string) => string;

/**
 * With a contract, of the fields that it calls numbers and dates, and a number that is written otherwise is made one that no contract
 * takes. Without one, of every text that is so written. Undefined where there is nothing to do.
 */
export function normaliserOf(
  { decimals, dates = "iso" }: WrittenForms,
  contract: SourceContractDocument | undefined,
): Normaliser | undefined {
  if (decimals !== "comma" && dates === "iso") return undefined;
  if (contract === undefined) {
    return (_, text) => {
      const number = decimals === "comma" && isCommaNumber(text.trim()) ? pointDecimals(text) : text;
      return dates === "iso" ? number : isoDate(number, dates);
    };
  }
  const typed = (types: readonly string[]): ReadonlySet<string> =>
    new Set(contract.fields.filter(({ type }) => types.includes(type)).map(({ name }) => name));
  const numbers = decimals === "comma" ? typed(["number", "integer"]) : new Set<string>();
  const days = dates === "iso" ? new Set<string>() : typed(["date"]);
  return (name, text) => {
    if (numbers.has(name)) return pointDecimals(text);
    return days.has(name) ? isoDate(text, dates) : text;
  };
}

const isCommaNumber = (text: string): boolean => /^[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?$/.test(text);

/** 1.234,50 → 1234.50. What is not so written stays what it is, and the contract says no. */
export function pointDecimals(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "" || /^[+-]?\d+$/.test(trimmed)) return text;
  if (!isCommaNumber(trimmed)) return `${text} (not with a decimal comma)`;
  return trimmed.replaceAll(".", "").replace(",", ".");
}

const dateForms: Readonly<Record<string, RegExp>> = {
  "dd.mm.yyyy": /^(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>\d{4})$/,
  "dd/mm/yyyy": /^(?<day>\d{1,2})\/(?<month>\d{1,2})\/(?<year>\d{4})$/,
  "mm/dd/yyyy": /^(?<month>\d{1,2})\/(?<day>\d{1,2})\/(?<year>\d{4})$/,
  yyyymmdd: /^(?<year>\d{4})(?<month>\d\d)(?<day>\d\d)$/,
};

/** 31.12.2026 → 2026-12-31. A day that does not exist stays what it is. */
export function isoDate(text: string, form: string): string {
  const { year, month = "", day = "" } = dateForms[form]?.exec(text.trim())?.groups ?? {};
  if (year === undefined) return text;
  const iso = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  const time = Date.parse(`${iso}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(iso) ? iso : text;
}
