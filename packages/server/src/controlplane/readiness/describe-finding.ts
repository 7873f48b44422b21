/** One plain sentence for each finding: what changed, from what to what, and how much of it. */
import type { FindingKind } from "@airworthy/contract";

import { quantileOf } from "../../kernel/stats/compare-samples.ts";
import type { FieldPair, FieldTest } from "./field-tests.ts";
import { distanceOf, poolCounts, totalOf } from "./field-tests.ts";
import { showValue } from "../../kernel/records/show-value.ts";

export function describeFinding(pair: FieldPair, test: FieldTest): string {
  return describers[test.kind]?.(pair, test) ?? "";
}

/** What is about records as a whole. */
export function describeRecords({ kind, shares }: FieldTest, { pilot, production }: FieldPair["sources"]): string {
  const [before, now] = [percent(shares?.pilot), percent(shares?.production)];
  if (kind !== "quarantined") return `${now} of production's records cannot be read; in the pilot it was ${before}.`;
  const [most] = (production.quarantined?.faults ?? []).toSorted((left, right) => right.records - left.records);
  const mostly =
    most === undefined || most.expected === ""
      ? ""
      : ` Most often because of ${most.field}: ${most.expected} was expected.`;
  const compared = pilot.quarantined?.records === 0 ? "in the pilot none did" : `in the pilot it was ${before}`;
  return `${now} of the records do not keep the contract and were quarantined; ${compared}.${mostly}`;
}

export function percent(share = 0): string {
  if (share > 0 && share < 0.0001) return "less than 0.01 %";
  const value = share * 100;
  return `${value.toLocaleString("en-US", { maximumFractionDigits: value >= 10 ? 0 : value >= 1 ? 1 : 2 })} %`;
}

const number = (value: number): string => value.toLocaleString("en-US", { maximumSignificantDigits: 4 });
const article = (type: string): string => (type === "integer" ? "an integer" : `a ${type}`);

function describeMissing({ name }: FieldPair, { shares, effect }: FieldTest): string {
  if (shares?.pilot === 0)
    return `${name} was never missing in the pilot; in production ${percent(shares.production)} of the records lack it.`;
  const verb = effect > 0 ? "more often" : "less often";
  return `${name} is missing ${verb}: in ${percent(shares?.production)} of the records, against ${percent(shares?.pilot)} in the pilot.`;
}

const describeMalformed = ({ name, character }: FieldPair, { shares }: FieldTest): string =>
  `${percent(shares?.production)} of the values of ${name} are not ${article(character.type)}; in the pilot it was ${percent(shares?.pilot)}.`;

function describeUnseen({ name, pilot, production }: FieldPair, { effect }: FieldTest): string {
  const news = [...production.categories.each]
    .filter(([text]) => !pilot.categories.each.has(text))
    .toSorted((left, right) => right[1] - left[1]);
  const named = news.slice(0, 3).map(([text]) => showValue(text));
  const more = news.length > named.length ? ` and ${news.length - named.length} more` : "";
  const what = news.length === 1 ? "a value" : "values";
  return `${percent(effect)} of the records have ${what} of ${name} that the pilot never had: ${named.join(", ")}${more}.`;
}

function describeFormat({ name, pilot, production }: FieldPair, { effect }: FieldTest): string {
  const top = (counts: ReadonlyMap<string, number>, skip: ReadonlyMap<string, number>): string =>
    showValue(
      [...counts].filter(([shape]) => !skip.has(shape)).toSorted((left, right) => right[1] - left[1])[0]?.[0] ?? "",
    );
  const now = top(production.shapes.each, pilot.shapes.each);
  const before = top(pilot.shapes.each, new Map());
  return `${percent(effect)} of the values of ${name} are built in a way that the pilot never had: like ${now} (a letter run is a, a digit run is 9), where the pilot has mostly ${before}.`;
}

function describeTail({ name, pilot, production }: FieldPair, { kind, shares }: FieldTest): string {
  const [side, edge] = kind === "tail_high" ? ["largest", production.highest] : ["smallest", production.lowest];
  const reached = kind === "tail_high" ? pilot.highest : pilot.lowest;
  const change = (shares?.production ?? 0) > (shares?.pilot ?? 0) ? "are far more often in" : "have left";
  return `Values of ${name} ${change} the ${side} hundredth: ${percent(shares?.production)} of them, against ${percent(shares?.pilot)} in the pilot; the ${side} is ${number(edge)}, in the pilot ${number(reached)}.`;
}

function describeDrift(pair: FieldPair, { effect }: FieldTest): string {
  const { name, pilot, production, character } = pair;
  if (character.role === "category") return describeShift(pair, effect);
  if (character.role === "text" || character.role === "list") {
    const what = character.role === "text" ? "characters" : "items";
    return `${name} has another length: half of the values have up to ${number(quantileOf(production.lengths, 0.5))} ${what}, in the pilot ${number(quantileOf(pilot.lengths, 0.5))}.`;
  }
  const [before, after] = [quantileOf(pilot.numbers, 0.5), quantileOf(production.numbers, 0.5)];
  const outside = production.numbers.filter((value) => value < pilot.lowest || value > pilot.highest).length;
  const beyond =
    outside === 0 ? "" : ` ${percent(outside / production.numbers.length)} lie outside of what the pilot had.`;
  const moved =
    before === after
      ? `its median stayed ${number(after)}`
      : `its median went from ${number(before)} to ${number(after)}`;
  return `${name} is distributed differently: ${moved}, and a value is off by ${number(distanceOf(pair))} on average.${beyond}`;
}

function describeShift({ name, pilot, production }: FieldPair, effect: number): string {
  const [n, m] = [Math.max(1, totalOf(pilot.categories)), Math.max(1, totalOf(production.categories))];
  const [mover] = poolCounts(pilot.categories, production.categories).toSorted(
    (left, right) => Math.abs(right.production / m - right.pilot / n) - Math.abs(left.production / m - left.pilot / n),
  );
  if (mover === undefined) return `${name} is distributed differently.`;
  const value = mover.text === "" ? "the rest" : showValue(mover.text);
  return `The values of ${name} come in other shares: ${value} went from ${percent(mover.pilot / n)} to ${percent(mover.production / m)}; in all ${percent(effect)} of the records moved.`;
}

const describers: Partial<Record<FindingKind, (pair: FieldPair, test: FieldTest) => string>> = {
  missing: describeMissing,
  malformed: describeMalformed,
  unseen: describeUnseen,
  format: describeFormat,
  tail_low: describeTail,
  tail_high: describeTail,
  drift: describeDrift,
};
