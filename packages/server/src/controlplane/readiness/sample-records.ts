/** Samples records one after the other, wherever they come from, in bounded memory. */
import { AirworthyError } from "@airworthy/contract";

import type { Cell } from "../../kernel/records/source-record.ts";
import { createFieldSampler } from "./sample-field.ts";
import type { FieldSample, FieldSampler, SamplerOptions } from "./sample-field.ts";

export type RecordSampler = {
  readonly add: (record: { readonly columns: readonly string[]; readonly cells: readonly Cell[] }) => void;
  readonly records: () => number;
  readonly fields: () => readonly FieldSample[];
};

const fieldsMax = 1_000;

/** `source` is what an error calls it. @throws AirworthyError `too_large`, on adding, beyond 1,000 different fields. */
export function createRecordSampler(source: string, options: SamplerOptions): RecordSampler {
  const fields = new Map<string, FieldSampler>();
  let records = 0;
  let columns: readonly string[] = [];
  let samplers: readonly FieldSampler[] = [];
  const samplerOf = (name: string): FieldSampler => {
    const known = fields.get(name);
    if (known !== undefined) return known;
    if (fields.size >= fieldsMax) throw tooManyFields(source);
    const made = createFieldSampler(name, options);
    fields.set(name, made);
    return made;
  };
  return {
    add: (record) => {
      records += 1;
      if (record.columns !== columns) {
        columns = record.columns;
        samplers = columns.map(samplerOf);
      }
      for (const [at, sampler] of samplers.entries()) sampler.add(record.cells[at]);
    },
    records: () => records,
    fields: () => [...fields.values()].map((each) => each.sample()),
  };
}

const tooManyFields = (source: string): AirworthyError =>
  new AirworthyError("too_large", `${source} has more than ${fieldsMax} fields.`, {
    fix: "Values that are used as keys should be values: a list of records with a name each.",
  });
