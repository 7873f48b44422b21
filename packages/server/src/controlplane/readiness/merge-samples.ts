/** Two samples of one source, from two nodes or two times, become one: as if one sampler had seen all of it. */
import { createRandomStream } from "../../kernel/stats/random-stream.ts";
import type { RandomStream } from "../../kernel/stats/random-stream.ts";
import { mergeReservoirs } from "../../kernel/stats/merge-reservoirs.ts";
import { cellKinds } from "../../kernel/records/classify-cell.ts";
import { limitsFor } from "./contract-sampler.ts";
import type { ContractSample } from "./contract-sampler.ts";
import type { Counts } from "./count-map.ts";
import { addFaults } from "./fault-counts.ts";
import type { FaultCounts } from "./fault-counts.ts";
import type { FieldSample, SampleLimits } from "./sample-field.ts";

/**
 * Counts are added, samples of numbers merged without bias. Of the order of values nothing is left: merged numbers count
 * as ordered only where one part ends before the other begins. `seed` chooses the draw.
 */
export function mergeSamples(first: ContractSample, second: ContractSample, seed: number): ContractSample {
  const random = createRandomStream(seed);
  const names = [...new Set([...first.fields, ...second.fields].map(({ name }) => name))];
  const limits = limitsFor(names.length);
  const [before, after] = [first, second].map(({ fields }) => new Map(fields.map((field) => [field.name, field])));
  const faults: FaultCounts = new Map();
  for (const fault of [...first.quarantined.faults, ...second.quarantined.faults]) addFaults(faults, fault);
  return {
    records: first.records + second.records,
    quarantined: {
      records: first.quarantined.records + second.quarantined.records,
      faults: [...faults.values()],
    },
    fields: names.flatMap((name) => {
      const [one, other] = [before?.get(name), after?.get(name)];
      if (one === undefined || other === undefined) return one ?? other ?? [];
      return mergeFields(one, other, { limits, random });
    }),
  };
}

function mergeFields(
  first: FieldSample,
  second: FieldSample,
  { limits, random }: { readonly limits: SampleLimits; readonly random: RandomStream },
): FieldSample {
  const merge = (of: "numbers" | "lengths") =>
    mergeReservoirs(
      { values: first[of], seen: first.seen[of] },
      { values: second[of], seen: second.seen[of] },
      { size: limits.numbers, random },
    );
  const [numbers, lengths] = [merge("numbers"), merge("lengths")];
  const categories = mergeCounts(first.categories, second.categories, limits.categories);
  return {
    name: first.name,
    kinds: mergeKinds(first.kinds, second.kinds),
    numbers: numbers.values,
    lengths: lengths.values,
    seen: { numbers: numbers.seen, lengths: lengths.seen },
    lowest: Math.min(first.lowest, second.lowest),
    highest: Math.max(first.highest, second.highest),
    categories,
    shapes: mergeCounts(first.shapes, second.shapes, limits.shapes),
    isUnique: first.isUnique && second.isUnique && [...categories.each.values()].every((count) => count === 1),
    isOrdered: isOrdered(first, second),
  };
}

function mergeKinds(first: FieldSample["kinds"], second: FieldSample["kinds"]): FieldSample["kinds"] {
  const kinds = { ...first };
  for (const kind of cellKinds) kinds[kind] += second[kind];
  return kinds;
}

/** What one part counted together cannot be told apart any more, so it stays together. */
function mergeCounts(first: Counts, second: Counts, most: number): Counts {
  const each = new Map(first.each);
  let others = first.others + second.others;
  for (const [text, count] of second.each) {
    const known = each.get(text);
    if (known !== undefined) each.set(text, known + count);
    else if (each.size < most) each.set(text, count);
    else others += count;
  }
  return { each, others };
}

function isOrdered(first: FieldSample, second: FieldSample): boolean {
  if (first.seen.numbers === 0) return second.isOrdered;
  if (second.seen.numbers === 0) return first.isOrdered;
  const isApart = first.highest < second.lowest || first.lowest > second.highest;
  return isApart && [first, second].every((one) => one.isOrdered || one.seen.numbers === 1);
}
