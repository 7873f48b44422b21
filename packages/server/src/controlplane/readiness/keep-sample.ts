/** Writes a sample in its versioned form and reads it back; what was not written here is read with suspicion. */
import { AirworthyError, KeptSample, keptSampleMax } from "@airworthy/contract";

import type { ContractSample } from "./contract-sampler.ts";
import type { Counts } from "./count-map.ts";
import type { FieldSample } from "./sample-field.ts";

export function keepSample({ records, quarantined, fields }: ContractSample): KeptSample {
  return {
    schema: "airworthy.sample/1",
    records,
    quarantined: { records: quarantined.records, faults: [...quarantined.faults] },
    fields: fields.map(keepField),
  };
}

function keepField(field: FieldSample): KeptSample["fields"][number] {
  const { name, kinds, numbers, lengths, seen, lowest, highest, isUnique, isOrdered } = field;
  return {
    name,
    kinds: { ...kinds },
    numbers: { values: [...numbers], seen: seen.numbers },
    lengths: { values: [...lengths], seen: seen.lengths },
    ...(lowest <= highest ? { range: { lowest, highest } } : {}),
    categories: keepCounts(field.categories),
    shapes: keepCounts(field.shapes),
    isUnique,
    isOrdered,
  };
}

const keepCounts = ({ each, others }: Counts) => ({
  each: [...each].map(([text, count]): [string, number] => [text, count]),
  others,
});

/** @throws AirworthyError `invalid_input` for what is no sample of this version, or contradicts itself. */
export function readSample(value: unknown): ContractSample {
  const parsed = KeptSample.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = ["$", ...(issue?.path ?? []).map(String)].join(".");
    throw unsound(`this is no sample of the form airworthy.sample/1 (${issue?.message ?? "it does not fit"})`, place);
  }
  const kept = parsed.data;
  assertSound(kept);
  return { records: kept.records, quarantined: kept.quarantined, fields: kept.fields.map(readField) };
}

function readField(kept: KeptSample["fields"][number]): FieldSample {
  const { name, kinds, numbers, lengths, range, isUnique, isOrdered } = kept;
  return {
    name,
    kinds,
    numbers: Float64Array.from(numbers.values).toSorted(),
    lengths: Float64Array.from(lengths.values).toSorted(),
    seen: { numbers: numbers.seen, lengths: lengths.seen },
    lowest: range?.lowest ?? Number.POSITIVE_INFINITY,
    highest: range?.highest ?? Number.NEGATIVE_INFINITY,
    categories: { each: new Map(kept.categories.each), others: kept.categories.others },
    shapes: { each: new Map(kept.shapes.each), others: kept.shapes.others },
    isUnique,
    isOrdered,
  };
}

/** A sample that stands for fewer values than it has would count for more than it is. */
function assertSound({ records, fields }: KeptSample): void {
  const names = new Set(fields.map(({ name }) => name));
  if (names.size < fields.length) throw unsound("a field is there twice", "$.fields");
  for (const [at, { kinds, numbers, lengths, categories, shapes }] of fields.entries()) {
    const values = sum(Object.values(kinds));
    const tooMany =
      values > records ||
      [numbers, lengths].some(({ values: kept, seen }) => kept.length > seen || seen > records) ||
      [categories, shapes].some(({ each, others }) => sum(each.map(([, count]) => count)) + others > records);
    if (tooMany) throw unsound("it counts more values than there were records", `$.fields.${at}`);
  }
  const kept = sum(fields.map(({ numbers, lengths }) => numbers.values.length + lengths.values.length));
  const texts = sum(fields.map(({ categories }) => categories.each.length));
  if (kept <= keptSampleMax.numbersInAll && texts <= keptSampleMax.categoriesInAll) return;
  throw new AirworthyError("too_large", "The sample is larger than samples may be.", {
    place: "$.fields",
    fix: "Let `airworthy sources baseline set` take it.",
  });
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

const unsound = (why: string, place: string): AirworthyError =>
  new AirworthyError("invalid_input", `The sample cannot be used: ${why}.`, {
    place,
    fix: "Take it anew: airworthy sources baseline set CONTRACT FILE.",
  });
