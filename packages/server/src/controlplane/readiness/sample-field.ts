/** What is kept of one field while its records go by: counts, a sample of its numbers, its categories. Bounded. */
import type { ContractFieldType } from "@airworthy/contract";

import { createReservoir } from "../../kernel/stats/reservoir.ts";
import { cellKinds, classifyCell } from "../../kernel/records/classify-cell.ts";
import type { CellKind } from "../../kernel/records/classify-cell.ts";
import { createCounter } from "./count-map.ts";
import type { Counts } from "./count-map.ts";
import type { Cell } from "../../kernel/records/source-record.ts";
import { textOf } from "../../kernel/records/text-of.ts";

export type FieldSample = {
  readonly name: string;
  /** By kind; what is absent from a record is not in here. */
  readonly kinds: Readonly<Record<CellKind, number>>;
  /** Sorted; all of them up to a limit, beyond that a uniform sample. Lengths for texts and lists. */
  readonly numbers: Float64Array;
  readonly lengths: Float64Array;
  /** How many values `numbers` and `lengths` stand for. */
  readonly seen: { readonly numbers: number; readonly lengths: number };
  readonly lowest: number;
  readonly highest: number;
  readonly categories: Counts;
  /** Texts with letters and digits made alike: `INV-0042` is `A-9`. */
  readonly shapes: Counts;
  /** No value occurs twice among the first of them. */
  readonly isUnique: boolean;
  /** Each number is larger than the one before, or each is smaller. */
  readonly isOrdered: boolean;
};

export type FieldSampler = { readonly add: (cell: Cell) => void; readonly sample: () => FieldSample };

/** How much is kept of one field. */
export type SampleLimits = {
  readonly numbers: number;
  readonly categories: number;
  readonly shapes: number;
  /** Among so many values a repeated one is noticed. */
  readonly unique: number;
};

/** For a file that is read once: with 20,000 on both sides, a gap of 0.02 is noticed at 1 %. */
export const fileLimits: SampleLimits = { numbers: 20_000, categories: 2_000, shapes: 200, unique: 10_000 };
const shapedMax = 80;
/** Nothing that names a record is longer. */
const nameMax = 200;

export type SamplerOptions = {
  /** Text is read for what it may mean, as in CSV. */
  readonly untyped: boolean;
  readonly limits?: SampleLimits;
  /** Which of the possible samples is drawn. */
  readonly seed?: number;
};

export function createFieldSampler(name: string, options: SamplerOptions): FieldSampler {
  const { untyped, limits = fileLimits } = options;
  const seed = seedOf(name) + (options.seed ?? 0);
  const kinds = emptyKinds();
  const numbers = createReservoir(limits.numbers, seed);
  const lengths = createReservoir(limits.numbers, seed + 1);
  const categories = createCounter(limits.categories);
  const shapes = createCounter(limits.shapes);
  const order = watchOrder();
  const repeats = watchRepeats(limits.unique);

  const addText = (text: string): void => {
    lengths.add(text.length);
    // Texts of too many shapes have none to speak of.
    if (!shapes.isFull()) shapes.add(text.length > shapedMax ? text : shapeOf(text));
  };
  return {
    add: (cell) => {
      const kind = classifyCell(cell, untyped);
      kinds[kind] += 1;
      if (kind === "missing") return;
      const text = textOf(cell);
      categories.add(text);
      repeats.add(text);
      if (kind === "integer" || kind === "number") {
        const value = Number(cell);
        // JSON can write a number that is larger than any.
        if (Number.isFinite(value)) {
          numbers.add(value);
          order.add(value);
        }
      } else if (kind === "list") lengths.add(Array.isArray(cell) ? cell.length : 0);
      if (typeof cell === "string") addText(text);
    },
    sample: () => ({
      name,
      kinds,
      numbers: numbers.sorted(),
      lengths: lengths.sorted(),
      seen: { numbers: numbers.seen(), lengths: lengths.seen() },
      lowest: order.lowest(),
      highest: order.highest(),
      categories: categories.counts(),
      shapes: shapes.counts(),
      isUnique: repeats.isUnique(),
      isOrdered: order.isOrdered(),
    }),
  };
}

/** Another sample for each field, the same for each run. */
function seedOf(name: string): number {
  let hash = 17;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash, 31) + name.charCodeAt(at);
  return hash;
}

const emptyKinds = (): Record<CellKind, number> => ({
  missing: 0,
  text: 0,
  integer: 0,
  number: 0,
  boolean: 0,
  date: 0,
  timestamp: 0,
  list: 0,
});

function watchOrder() {
  let [lowest, highest, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
  let [rises, falls] = [true, true];
  return {
    add: (value: number): void => {
      if (value <= last) rises = false;
      if (value >= last) falls = false;
      last = value;
      lowest = Math.min(lowest, value);
      highest = Math.max(highest, value);
    },
    lowest: () => lowest,
    highest: () => highest,
    isOrdered: () => lowest < highest && (rises || falls),
  };
}

function watchRepeats(most: number) {
  const seen = new Set<string>();
  let isUnique = true;
  return {
    add: (text: string): void => {
      if (!isUnique || seen.size >= most) return;
      if (text.length > nameMax || seen.has(text)) {
        isUnique = false;
        seen.clear();
      } else seen.add(text);
    },
    isUnique: () => isUnique,
  };
}

/** Runs of one kind of character become one: what is left is how the text is built. */
export function shapeOf(text: string): string {
  let [shape, last] = ["", ""];
  for (let at = 0; at < text.length; at += 1) {
    const sign = signOf(text.charCodeAt(at)) ?? text.charAt(at);
    if (sign !== last || sign.length !== 1 || !"Aa9".includes(sign)) shape += sign;
    last = sign;
  }
  return shape;
}

/** Letters beyond ASCII have no case here, so that no alphabet is stranger than another. */
function signOf(code: number): string | undefined {
  if (code >= 0x61 && code <= 0x7a) return "a";
  if (code >= 0x30 && code <= 0x39) return "9";
  if (code >= 0x41 && code <= 0x5a) return "A";
  return code >= 0xc0 ? "a" : undefined;
}

/** The type of at least 95 of 100 values that are there; text where there is no such. */
export function typeOf({ kinds }: FieldSample): ContractFieldType {
  const present = cellKinds.reduce((sum, kind) => sum + (kind === "missing" ? 0 : kinds[kind]), 0);
  const isMost = (count: number): boolean => count > 0 && count >= present * 0.95;
  if (isMost(kinds.integer + kinds.number)) return kinds.number === 0 ? "integer" : "number";
  if (isMost(kinds.timestamp + kinds.date)) return kinds.timestamp === 0 ? "date" : "timestamp";
  if (isMost(kinds.boolean)) return "boolean";
  return isMost(kinds.list) ? "list" : "text";
}
