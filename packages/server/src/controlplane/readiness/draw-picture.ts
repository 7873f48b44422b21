/** Bars of a field in both sources, over the same bins, so that they can stand side by side. */
import type { Picture } from "@airworthy/contract";

import { quantileOf } from "../../kernel/stats/compare-samples.ts";
import { countBetween } from "../../kernel/stats/population-stability.ts";
import type { Counts } from "./count-map.ts";
import { poolCounts, totalOf } from "./field-tests.ts";
import { showLabel } from "../../kernel/records/show-value.ts";

const barsMax = 8;

/** Even bins over what the middle 98 % of both samples span, with one below and one above. */
export function drawNumbers(pilot: Float64Array, production: Float64Array): Picture {
  const edges = findEdges(pilot, production);
  const before = countBetween(pilot, edges);
  const after = countBetween(production, edges);
  return before.map((count, at) => ({
    label: labelOf(edges, at),
    pilot: count / Math.max(1, pilot.length),
    production: (after[at] ?? 0) / Math.max(1, production.length),
  }));
}

function findEdges(pilot: Float64Array, production: Float64Array): readonly number[] {
  const low = Math.min(quantileOf(pilot, 0.01), quantileOf(production, 0.01));
  const high = Math.max(quantileOf(pilot, 0.99), quantileOf(production, 0.99));
  if (!(high > low)) return [low];
  const step = roundStep((high - low) / (barsMax - 2));
  const first = Math.ceil(low / step);
  const count = Math.min(barsMax, Math.floor(high / step) - first + 1);
  // Multiples of the step, rounded, since 3 × 0.1 is not 0.3 here.
  return Array.from({ length: Math.max(1, count) }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}

/** 1, 2 or 5 times a power of ten: edges that can be read. */
function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((each) => each * power >= rough) ?? 10;
  return factor * power;
}

const numberText = (value: number): string => value.toLocaleString("en-US", { maximumSignificantDigits: 6 });

function labelOf(edges: readonly number[], at: number): string {
  const [below, above] = [edges[at - 1], edges[at]];
  if (below === undefined) return `< ${numberText(above ?? 0)}`;
  return above === undefined ? `≥ ${numberText(below)}` : `${numberText(below)} – ${numberText(above)}`;
}

/** The most frequent categories, the new ones first where they count, and the rest together. */
export function drawCategories(pilot: Counts, production: Counts): Picture {
  const n = Math.max(1, totalOf(pilot));
  const m = Math.max(1, totalOf(production));
  const bars = poolCounts(pilot, production).map((one) => ({
    label: one.text === "" ? "(others)" : showLabel(one.text),
    pilot: one.pilot / n,
    production: one.production / m,
  }));
  const sorted = bars.toSorted((left, right) => weight(right) - weight(left));
  const shown = sorted.slice(0, barsMax - 1);
  const rest = sorted.slice(barsMax - 1);
  if (rest.length === 0) return shown;
  const sum = (side: "pilot" | "production"): number => rest.reduce((total, bar) => total + bar[side], 0);
  const label = `(${rest.length} more)`;
  return [...shown, { label, pilot: sum("pilot"), production: sum("production") }];
}

const weight = ({ pilot, production }: Picture[number]): number => Math.max(pilot, production);
