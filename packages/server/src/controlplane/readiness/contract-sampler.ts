/** Samples what a source brings under its contract: accepted records field by field, quarantined ones by their faults. */
import { keptSampleMax } from "@airworthy/contract";
import type { ContractField, SourceContractDocument } from "@airworthy/contract";

import { classifyCell } from "../../kernel/records/classify-cell.ts";
import { addFaults } from "./fault-counts.ts";
import type { FaultCounts } from "./fault-counts.ts";
import type { Quarantined } from "./profile-source.ts";
import type { Cell } from "../../kernel/records/source-record.ts";
import { createFieldSampler } from "./sample-field.ts";
import type { FieldSample, SampleLimits } from "./sample-field.ts";

/** What is kept of a source under contract, in memory. */
export type ContractSample = {
  readonly records: number;
  readonly quarantined: Quarantined;
  readonly fields: readonly FieldSample[];
};

export type ContractSampler = {
  /** A record that kept the contract. `untyped` where its source knows text only. */
  readonly accept: (
    record: { readonly columns: readonly string[]; readonly cells: readonly Cell[] },
    untyped: boolean,
  ) => void;
  readonly quarantine: (faults: readonly { readonly field: string; readonly expected: string }[]) => void;
  /** Accepted and quarantined so far. */
  readonly records: () => number;
  readonly sample: () => ContractSample;
};

/** `seed`: two samplers whose samples are to be merged should not draw the same places. */
export function createContractSampler(contract: SourceContractDocument, seed: number): ContractSampler {
  const limits = limitsFor(contract.fields.length);
  const fields = contract.fields.map((field) => ({
    field,
    sampler: createFieldSampler(field.name, { untyped: false, limits, seed }),
  }));
  const places = rememberPlaces(contract.fields);
  const faults: FaultCounts = new Map();
  let [records, quarantined] = [0, 0];
  return {
    accept: ({ columns, cells }, untyped) => {
      records += 1;
      const at = places(columns);
      for (const [position, { field, sampler }] of fields.entries()) {
        const place = at[position] ?? -1;
        sampler.add(asAgreed(field, place < 0 ? undefined : cells[place], untyped));
      }
    },
    quarantine: (more) => {
      quarantined += 1;
      for (const { field, expected } of more) addFaults(faults, { field, expected, records: 1 });
    },
    records: () => records + quarantined,
    sample: () => ({
      records,
      quarantined: { records: quarantined, faults: [...faults.values()] },
      fields: fields.map(({ sampler }) => sampler.sample()),
    }),
  };
}

/** Shared out, so that a contract of many fields takes no more memory than one of few. */
export function limitsFor(fields: number): SampleLimits {
  const shareOf = (inAll: number, most: number): number => Math.min(most, Math.floor(inAll / Math.max(1, fields)));
  return {
    numbers: shareOf(keptSampleMax.numbersInAll / 2, keptSampleMax.numbers),
    categories: shareOf(keptSampleMax.categoriesInAll, keptSampleMax.categories),
    shapes: shareOf(keptSampleMax.categoriesInAll, keptSampleMax.shapes),
    unique: shareOf(keptSampleMax.categoriesInAll, keptSampleMax.categories),
  };
}

/** As the contract types it, so that a baseline from a text file and records from an interface count alike. */
function asAgreed({ type }: ContractField, cell: Cell, untyped: boolean): Cell {
  if (!untyped) return cell;
  if (classifyCell(cell, true) === "missing") return null;
  if (type === "integer" || type === "number") return Number(cell);
  return type === "boolean" ? String(cell).trim().toLowerCase() === "true" : cell;
}

/** Where each field of the contract stands in these columns; -1 where it does not. */
function rememberPlaces(fields: readonly ContractField[]): (columns: readonly string[]) => readonly number[] {
  let last: readonly string[] = [];
  let places: readonly number[] = fields.map(() => -1);
  return (columns) => {
    if (columns === last || (columns.length === last.length && columns.every((name, at) => name === last[at]))) {
      return places;
    }
    last = columns;
    const found = new Map(columns.map((name, at) => [name, at]));
    places = fields.map(({ name }) => found.get(name) ?? -1);
    return places;
  };
}
