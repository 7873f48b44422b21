/** Compares a pilot with production, field by field, with one promise over all tests: false alarms stay below alpha. */
import type { FindingKind, ReadinessFinding, SourceComparison } from "@airworthy/contract";

import { adjustHolm } from "../../kernel/stats/adjust-p-values.ts";
import { kolmogorovLimit } from "../../kernel/stats/kolmogorov-tail.ts";
import { countInQuantiles, stabilityIndex, stabilityLimit } from "../../kernel/stats/population-stability.ts";
import { describeFinding, describeRecords } from "./describe-finding.ts";
import { drawCategories, drawNumbers } from "./draw-picture.ts";
import { poolCounts, testField, testShare, totalVariation } from "./field-tests.ts";
import type { FieldPair, FieldTest } from "./field-tests.ts";
import { judgeSeverity } from "./judge-severity.ts";
import { characterOf, sampleSource, summarize } from "./profile-source.ts";
import type { SourceSample } from "./profile-source.ts";
import type { FormedOptions } from "../../kernel/records/read-formed.ts";

export const defaultAlpha = 0.01;
const stabilityBins = 10;

/** The form is that of both. */
export type CompareOptions = Pick<FormedOptions, "form" | "onProgress"> & { readonly alpha?: number };

/** @throws AirworthyError when a file is not there, or is no file of records. */
export async function compareSources(
  pilot: string,
  production: string,
  options: CompareOptions = {},
): Promise<SourceComparison> {
  const { alpha = defaultAlpha, ...reading } = options;
  // One after the other: together they would need twice the memory and be no faster.
  const before = await sampleSource(pilot, reading);
  const after = await sampleSource(production, reading);
  return compareSamples(before, after, alpha);
}

type Tested = { readonly pair: FieldPair | undefined; readonly test: FieldTest };
type Certain = Tested & { readonly adjusted: number };

export function compareSamples(pilot: SourceSample, production: SourceSample, alpha: number): SourceComparison {
  const pairs = pairFields(pilot, production);
  const tested: readonly Tested[] = [
    ...testRecords(pilot, production).map((test) => ({ pair: undefined, test })),
    ...pairs.flatMap((pair) => testField(pair).map((test) => ({ pair, test }))),
  ];
  const adjusted = adjustHolm(tested.map(({ test }) => test.pValue));
  const certain = tested.flatMap((one, at) =>
    (adjusted[at] ?? 1) <= alpha ? [{ ...one, adjusted: adjusted[at] ?? 1 }] : [],
  );
  const findings = [
    ...nameColumns(pilot, production),
    ...certain
      .filter((one) => !isSaidAlready(one, certain))
      .map((one) => toFinding(one, { alpha, tests: tested.length, sources: { pilot, production } })),
  ].toSorted((left, right) => rank(left) - rank(right));
  const [n, m] = [keptOf(pilot), keptOf(production)];
  return {
    ok: findings.every(({ severity }) => severity !== "severe"),
    alpha,
    tests: tested.length,
    noticeable: n === 0 || m === 0 ? 1 : kolmogorovLimit(alpha / tested.length, [n, m]),
    pilot: summarize(pilot),
    production: summarize(production),
    findings,
    untested: pairs.flatMap(whyUntested),
  };
}

function pairFields(pilot: SourceSample, production: SourceSample): readonly FieldPair[] {
  const after = new Map(production.fields.map((field) => [field.name, field]));
  return pilot.fields.flatMap((field) => {
    const other = after.get(field.name);
    if (other === undefined) return [];
    const character = characterOf(field);
    return [{ name: field.name, character, pilot: field, production: other, sources: { pilot, production } }];
  });
}

/** Of the records of a file, or of a kept sample, as many as its numbers are drawn to. */
function keptOf({ records, fields }: SourceSample): number {
  return Math.min(
    records,
    ...fields.map(({ numbers, seen }) => (numbers.length < seen.numbers ? numbers.length : records)),
  );
}

/** What is asked of records as a whole: could they be read, and did they keep their contract? */
function testRecords(pilot: SourceSample, production: SourceSample): readonly FieldTest[] {
  const unreadable = testShare("unreadable", {
    pilot: { hits: pilot.unreadable, total: pilot.records + pilot.unreadable },
    production: { hits: production.unreadable, total: production.records + production.unreadable },
  });
  if (pilot.quarantined === undefined || production.quarantined === undefined) return [unreadable];
  const hitsOf = ({ records, quarantined }: SourceSample) => ({
    hits: quarantined?.records ?? 0,
    total: records + (quarantined?.records ?? 0),
  });
  return [unreadable, testShare("quarantined", { pilot: hitsOf(pilot), production: hitsOf(production) })];
}

/** What needs no test: a column is there, or it is not. */
function nameColumns(pilot: SourceSample, production: SourceSample): readonly ReadinessFinding[] {
  const [before, after] = [pilot, production].map(({ fields }) => new Set(fields.map(({ name }) => name)));
  const gone = pilot.fields.filter(({ name }) => after?.has(name) === false);
  const added = production.fields.filter(({ name }) => before?.has(name) === false);
  const finding = (kind: FindingKind, field: string, sentence: string): ReadinessFinding => ({
    kind,
    severity: kind === "missing_field" ? "severe" : "notice",
    field,
    sentence,
  });
  if (production.records === 0 && (production.quarantined?.records ?? 0) > 0) return [];
  if (production.records === 0) {
    return [{ kind: "missing_field", severity: "severe", sentence: "Production has no record that can be read." }];
  }
  return [
    ...gone.map(({ name }) => finding("missing_field", name, `Production has no field ${name}.`)),
    ...added.map(({ name }) =>
      finding("new_field", name, `Production has a field that the pilot did not have: ${name}.`),
    ),
  ];
}

/** Tails of what moved as a whole, and shares that moved only because new categories took theirs. */
function isSaidAlready({ pair, test }: Certain, all: readonly Certain[]): boolean {
  const others = all.filter((one) => one.pair === pair && one.test !== test);
  if (test.kind === "tail_low" || test.kind === "tail_high") {
    return others.some((one) => one.test.kind === "drift" && judgeSeverity(one.test) === "severe");
  }
  if (test.kind !== "drift" || pair?.character.role !== "category") return false;
  if (!others.some((one) => one.test.kind === "unseen")) return false;
  const { pilot, production } = pair;
  const known = poolCounts(pilot.categories, production.categories).filter((one) => one.pilot > 0);
  return totalVariation(known) < 0.05;
}

type Look = {
  readonly alpha: number;
  readonly tests: number;
  readonly sources: { readonly pilot: SourceSample; readonly production: SourceSample };
};

function toFinding({ pair, test, adjusted }: Certain, { alpha, tests, sources }: Look): ReadinessFinding {
  const { kind, pValue, effect, effectName } = test;
  const base = {
    kind,
    severity: judgeSeverity(test),
    evidence: { test: test.test, pValue, adjusted, effect, effectName },
  };
  if (pair === undefined) return { ...base, sentence: describeRecords(test, sources) };
  const whole = { ...base, field: pair.name, sentence: describeFinding(pair, test) };
  if (kind !== "drift" && !kind.startsWith("tail") && kind !== "unseen") return whole;
  return { ...whole, ...drawFinding(pair), ...measureStability(pair, alpha / tests) };
}

function drawFinding({ pilot, production, character }: FieldPair): Pick<ReadinessFinding, "picture"> {
  if (character.role === "category") return { picture: drawCategories(pilot.categories, production.categories) };
  const numbers = character.role === "measure" ? "numbers" : "lengths";
  return { picture: drawNumbers(pilot[numbers], production[numbers]) };
}

/** For those who know the index: with its own limit, at the level that each single test has. */
function measureStability(
  { pilot, production, character }: FieldPair,
  tail: number,
): Pick<ReadinessFinding, "stability"> {
  if (character.role !== "measure") return {};
  const { first, second } = countInQuantiles(pilot.numbers, production.numbers, stabilityBins);
  const sizes = { n: pilot.numbers.length, m: production.numbers.length, bins: first.length };
  return { stability: { index: stabilityIndex(first, second), limit: stabilityLimit(tail, sizes) } };
}

function whyUntested({ name, character, pilot }: FieldPair): SourceComparison["untested"] {
  if (character.role === "time") return [{ field: name, why: "moments move on by their nature" }];
  if (character.role === "identifier") return [{ field: name, why: "it names records; only its format was compared" }];
  if (character.role === "empty") return [{ field: name, why: "the pilot has no value of it" }];
  if (character.role === "text" && pilot.shapes.others > 0) {
    return [{ field: name, why: "free text: only its length was compared" }];
  }
  return [];
}

const rank = ({ severity, kind }: ReadinessFinding): number =>
  (severity === "severe" ? 0 : 100) + (kind === "missing_field" ? 0 : kind === "new_field" ? 2 : 1);
