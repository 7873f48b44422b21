/** The tests of one field, pilot against production: each asks one question and answers a p-value and a size. */
import type { FindingKind } from "@airworthy/contract";

import { testCounts } from "../../kernel/stats/chi-square.ts";
import { meanDistance, testGap } from "../../kernel/stats/compare-samples.ts";
import { testShares } from "../../kernel/stats/compare-shares.ts";
import { boundUnseen } from "../../kernel/stats/unseen-rows.ts";
import type { Counts } from "./count-map.ts";
import { malformedOf, presentOf } from "./profile-source.ts";
import type { FieldCharacter, SourceSample } from "./profile-source.ts";
import type { FieldSample } from "./sample-field.ts";

/** One field in both sources, looked at as the pilot shows it. */
export type FieldPair = {
  readonly name: string;
  readonly character: FieldCharacter;
  readonly pilot: FieldSample;
  readonly production: FieldSample;
  readonly sources: { readonly pilot: SourceSample; readonly production: SourceSample };
};

export type FieldTest = {
  readonly kind: FindingKind;
  readonly test: string;
  readonly pValue: number;
  /** The size of the change, in the unit that `effectName` names. */
  readonly effect: number;
  readonly effectName: string;
  /** Shares before and after, where the question is about a share. */
  readonly shares?: { readonly pilot: number; readonly production: number };
};

const fisher = "Fisher's exact test";
const kolmogorov = "Kolmogorov–Smirnov";
/** χ² is trusted where each cell expects this many (Cochran 1954); rarer categories are put together. */
const expectedMin = 5;
const tailShare = 0.01;
/** With fewer values, a hundredth of them is nobody's tail. */
const tailFrom = 400;

export function testField(pair: FieldPair): readonly FieldTest[] {
  const tests = [testMissing(pair), testMalformed(pair), ...testContent(pair)];
  return tests.filter((test) => test !== undefined);
}

function testContent(pair: FieldPair): readonly (FieldTest | undefined)[] {
  const { pilot, production } = pair;
  switch (pair.character.role) {
    case "measure":
      return [testNumbers(pilot.numbers, production.numbers), ...testTails(pair)];
    case "category":
      return testCategories(pilot.categories, production.categories, "unseen");
    case "text":
    case "identifier":
      return [
        ...testCategories(pilot.shapes, production.shapes, "format").filter(({ kind }) => kind === "format"),
        pair.character.role === "text" ? testNumbers(pilot.lengths, production.lengths) : undefined,
      ];
    case "list":
      return [testNumbers(pilot.lengths, production.lengths)];
    case "time":
    case "empty":
      return [];
  }
}

function testMissing({ pilot, production, sources }: FieldPair): FieldTest {
  return testShare("missing", {
    pilot: { hits: sources.pilot.records - presentOf(pilot), total: sources.pilot.records },
    production: { hits: sources.production.records - presentOf(production), total: sources.production.records },
  });
}

function testMalformed({ pilot, production, sources, character }: FieldPair): FieldTest | undefined {
  if (character.role === "empty") return undefined;
  return testShare("malformed", {
    pilot: { hits: malformedOf(pilot, character.type, sources.pilot.format), total: presentOf(pilot) },
    production: {
      hits: malformedOf(production, character.type, sources.production.format),
      total: presentOf(production),
    },
  });
}

type Hits = { readonly hits: number; readonly total: number };

export function testShare(
  kind: FindingKind,
  { pilot, production }: { readonly pilot: Hits; readonly production: Hits },
): FieldTest {
  const shares = {
    pilot: pilot.hits / Math.max(1, pilot.total),
    production: production.hits / Math.max(1, production.total),
  };
  const effect = shares.production - shares.pilot;
  return { kind, test: fisher, pValue: testShares(pilot, production), effect, effectName: "change of share", shares };
}

function testNumbers(pilot: Float64Array, production: Float64Array): FieldTest | undefined {
  if (pilot.length === 0 || production.length === 0) return undefined;
  const { gap, pValue } = testGap(pilot, production);
  return { kind: "drift", test: kolmogorov, pValue, effect: gap, effectName: "largest gap" };
}

/** How far values moved on average, in their own unit. */
export const distanceOf = ({ pilot, production }: FieldPair): number => meanDistance(pilot.numbers, production.numbers);

/** The outermost hundredth of both samples together: whose is it? The threshold is of the pool, so neither sample is preferred. */
function testTails({ pilot, production }: FieldPair): readonly FieldTest[] {
  const pooled = new Float64Array(pilot.numbers.length + production.numbers.length);
  if (pooled.length < tailFrom || pilot.numbers.length === 0 || production.numbers.length === 0) return [];
  pooled.set(pilot.numbers);
  pooled.set(production.numbers, pilot.numbers.length);
  const sorted = pooled.toSorted();
  const low = sorted[Math.floor(sorted.length * tailShare)] ?? 0;
  const high = sorted[Math.ceil(sorted.length * (1 - tailShare)) - 1] ?? 0;
  const count = (values: Float64Array, isOut: (value: number) => boolean): Hits => ({
    hits: values.reduce((sum, value) => sum + (isOut(value) ? 1 : 0), 0),
    total: values.length,
  });
  const tail = (kind: FindingKind, isOut: (value: number) => boolean): FieldTest =>
    testShare(kind, { pilot: count(pilot.numbers, isOut), production: count(production.numbers, isOut) });
  return [tail("tail_low", (value) => value < low), tail("tail_high", (value) => value > high)];
}

/** Two questions: are the known categories as frequent as they were, and are there rows of categories that were not there? */
function testCategories(pilot: Counts, production: Counts, unseen: "unseen" | "format"): readonly FieldTest[] {
  if (pilot.others > 0 || pilot.each.size === 0 || production.each.size === 0) return [];
  const pooled = poolCounts(pilot, production);
  const news = [...production.each].filter(([text]) => !pilot.each.has(text)).map(([, count]) => count);
  const rows = news.reduce((sum, count) => sum + count, 0);
  const sizes = { n: totalOf(pilot), m: totalOf(production) };
  const share = rows / Math.max(1, sizes.m);
  const frequent = poolRare(pooled, sizes);
  const { pValue } = testCounts(frequent.pilot, frequent.production);
  return [
    {
      kind: unseen,
      test: "exchangeability bound",
      pValue: boundUnseen({ rows, categories: news.length }, sizes, countOfCounts(pooled)),
      effect: share,
      effectName: "share of rows",
      shares: { pilot: 0, production: share },
    },
    { kind: "drift", test: "χ²", pValue, effect: totalVariation(pooled), effectName: "share that moved" },
  ];
}

type Pooled = readonly { readonly text: string; readonly pilot: number; readonly production: number }[];

export function poolCounts(pilot: Counts, production: Counts): Pooled {
  const texts = new Set([...pilot.each.keys(), ...production.each.keys()]);
  const pooled = [...texts].map((text) => ({
    text,
    pilot: pilot.each.get(text) ?? 0,
    production: production.each.get(text) ?? 0,
  }));
  if (production.others + pilot.others === 0) return pooled;
  return [...pooled, { text: "", pilot: pilot.others, production: production.others }];
}

export const totalOf = ({ each, others }: Counts): number =>
  [...each.values()].reduce((sum, count) => sum + count, others);

function poolRare(
  pooled: Pooled,
  { n, m }: { readonly n: number; readonly m: number },
): { readonly pilot: readonly number[]; readonly production: readonly number[] } {
  // Chosen by the pooled count alone, which is the same whoever had the rows.
  const countMin = (expectedMin * (n + m)) / Math.max(1, Math.min(n, m));
  const isFrequent = (one: Pooled[number]): boolean => one.pilot + one.production >= countMin;
  const frequent = pooled.filter(isFrequent);
  const rare = pooled.filter((one) => !isFrequent(one));
  const sum = (side: "pilot" | "production"): number => rare.reduce((total, one) => total + one[side], 0);
  const rest = { pilot: sum("pilot"), production: sum("production") };
  const isRestEnough = rest.pilot + rest.production >= countMin;
  return {
    pilot: [...frequent.map((one) => one.pilot), ...(isRestEnough ? [rest.pilot] : [])],
    production: [...frequent.map((one) => one.production), ...(isRestEnough ? [rest.production] : [])],
  };
}

function countOfCounts(pooled: Pooled) {
  const categories = new Map<number, number>();
  for (const one of pooled) {
    const count = one.pilot + one.production;
    if (one.text !== "" && count > 0) categories.set(count, (categories.get(count) ?? 0) + 1);
  }
  return [...categories].map(([count, each]) => ({ count, categories: each }));
}

/** The share of rows that would have to change their category: half the sum of the differences. */
export function totalVariation(pooled: Pooled): number {
  const n = Math.max(
    1,
    pooled.reduce((sum, one) => sum + one.pilot, 0),
  );
  const m = Math.max(
    1,
    pooled.reduce((sum, one) => sum + one.production, 0),
  );
  return pooled.reduce((sum, one) => sum + Math.abs(one.pilot / n - one.production / m), 0) / 2;
}
