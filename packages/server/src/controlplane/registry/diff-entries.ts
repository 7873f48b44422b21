/** The shape in which parts of a comparison report, and what they share. */
import { isDeepStrictEqual } from "node:util";

import type { Change } from "@airworthy/contract";

/** A change, and whether it leaves less, the same or more control over what agents do. */
export type Consequence = { readonly control: "less" | "same" | "more"; readonly change: Change };

export type Pair<T> = { readonly name: string; readonly was: T | undefined; readonly is: T | undefined };

/** The entries that differ, by name. */
export function pairUp<T>(from: Readonly<Record<string, T>>, to: Readonly<Record<string, T>>): Pair<T>[] {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].toSorted();
  return names
    .map((name) => ({ name, was: from[name], is: to[name] }))
    .filter(({ was, is }) => !isDeepStrictEqual(was, is));
}

export function kindOf(pair: Pair<unknown>): Change["kind"] {
  if (pair.was === undefined) return "added";
  return pair.is === undefined ? "removed" : "changed";
}

/** What the second list adds to the first and what it lacks. */
export function compareLists(
  was: readonly string[],
  is: readonly string[],
): { readonly gained: string[]; readonly lost: string[] } {
  return { gained: is.filter((one) => !was.includes(one)), lost: was.filter((one) => !is.includes(one)) };
}

/** `a, b and c`. */
export function listNames(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** `5,000.00 EUR`, with the decimals that the currency has. */
export function showMoney(minor: number, currency: string): string {
  const { maximumFractionDigits = 2 } = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions();
  const digits = String(minor).padStart(maximumFractionDigits + 1, "0");
  const whole = digits.slice(0, digits.length - maximumFractionDigits);
  const fraction = digits.slice(digits.length - maximumFractionDigits);
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ",");
  return `${grouped}${fraction === "" ? "" : `.${fraction}`} ${currency}`;
}
