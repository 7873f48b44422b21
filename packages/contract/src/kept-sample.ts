/** A sample of a source's records that can be sent, stored and merged: bounded, and in a versioned form. */
import { z } from "zod";

/** What a sample may hold at most; whoever takes it shares these out over its fields. */
export const keptSampleMax = {
  fields: 1_000,
  numbers: 5_000,
  categories: 1_000,
  shapes: 100,
  faults: 100,
  /** Over all fields. */
  numbersInAll: 200_000,
  categoriesInAll: 20_000,
} as const;

const count = z.int().nonnegative();
const textMax = 200;
const counts = (most: number) =>
  z.strictObject({
    each: z.array(z.tuple([z.string().max(textMax), count])).max(most),
    others: count.meta({ description: "Values beyond those that are counted one by one." }),
  });
const numbers = z.strictObject({
  values: z.array(z.number()).max(keptSampleMax.numbers),
  seen: count.meta({ description: "How many there were; `values` are all of them, or a uniform sample." }),
});

const KeptField = z.strictObject({
  name: z.string().min(1).max(textMax),
  kinds: z.strictObject({
    missing: count,
    text: count,
    integer: count,
    number: count,
    boolean: count,
    date: count,
    timestamp: count,
    list: count,
  }),
  numbers,
  lengths: numbers,
  range: z.strictObject({ lowest: z.number(), highest: z.number() }).optional(),
  categories: counts(keptSampleMax.categories),
  shapes: counts(keptSampleMax.shapes),
  isUnique: z.boolean(),
  isOrdered: z.boolean(),
});

export const KeptSample = z.strictObject({
  schema: z.literal("airworthy.sample/1"),
  records: count.meta({ description: "Records that kept the contract: what `fields` are of." }),
  quarantined: z.strictObject({
    records: count,
    faults: z
      .array(z.strictObject({ field: z.string().max(textMax), expected: z.string().max(2 * textMax), records: count }))
      .max(keptSampleMax.faults),
  }),
  fields: z.array(KeptField).max(keptSampleMax.fields),
});
export type KeptSample = z.infer<typeof KeptSample>;
