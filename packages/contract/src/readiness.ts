/** Data readiness: what profiling a source, comparing two, and checking one against its contract answer. */
import { z } from "zod";

import { ContractFieldType } from "./config-contracts.ts";

const count = z.int().nonnegative();
const share = z.number();

/** How a field is looked at: as numbers, as categories, as text, as names of things, or as moments. */
export const FieldRole = z.enum(["measure", "category", "text", "identifier", "time", "list", "empty"]);
export type FieldRole = z.infer<typeof FieldRole>;

export const FieldSummary = z.object({
  name: z.string(),
  type: ContractFieldType,
  role: FieldRole,
  missing: count.meta({ description: "Of all records: null, empty or absent." }),
  malformed: count.meta({ description: "Of those that are there: not of the field's type." }),
  distinct: count.optional().meta({ description: "Different values; absent where there are too many to count." }),
  lowest: z.number().optional(),
  median: z.number().optional(),
  highest: z.number().optional(),
});
export type FieldSummary = z.infer<typeof FieldSummary>;

export const SourceProfile = z.object({
  file: z.string().meta({ description: "The file, or what else the records are of." }),
  format: z.enum(["csv", "json", "jsonl", "fixed", "xlsx"]),
  records: count,
  unreadable: count.meta({ description: "Records that could not be read as such, which are in no other count." }),
  fields: z.array(FieldSummary).readonly(),
});
export type SourceProfile = z.infer<typeof SourceProfile>;

export const FindingKind = z.enum([
  "missing_field",
  "new_field",
  "unreadable",
  "quarantined",
  "missing",
  "malformed",
  "unseen",
  "format",
  "drift",
  "tail_low",
  "tail_high",
]);
export type FindingKind = z.infer<typeof FindingKind>;

/** Shares of both samples, bar by bar; each column adds up to 1 of the values that are there. */
export const Picture = z.array(z.object({ label: z.string(), pilot: share, production: share })).readonly();
export type Picture = z.infer<typeof Picture>;

export const ReadinessFinding = z.object({
  kind: FindingKind,
  severity: z.enum(["severe", "notice"]),
  field: z.string().optional(),
  sentence: z.string(),
  evidence: z
    .object({
      test: z.string(),
      pValue: z.number(),
      adjusted: z.number().meta({
        description:
          "After Holm's correction over all tests of the look; the finding stands because it is at most alpha.",
      }),
      effect: z.number().meta({ description: "How large the change is, as against how certain." }),
      effectName: z.string(),
    })
    .optional()
    .meta({ description: "Absent where nothing had to be tested: a column is there, or it is not." }),
  stability: z
    .object({ index: z.number(), limit: z.number() })
    .optional()
    .meta({ description: "The population stability index, with the limit for these sizes." }),
  picture: Picture.optional(),
});
export type ReadinessFinding = z.infer<typeof ReadinessFinding>;

export type SourceComparison = {
  /** No finding is severe. */
  readonly ok: boolean;
  /** The chance of any finding by test, if nothing had changed, is at most this. */
  readonly alpha: number;
  readonly tests: number;
  /** How far a distribution has to move to be noticed with so many records, as the largest gap between distribution functions. */
  readonly noticeable: number;
  readonly pilot: SourceProfile;
  readonly production: SourceProfile;
  readonly findings: readonly ReadinessFinding[];
  /** Fields whose distribution was not compared, and why. */
  readonly untested: readonly { readonly field: string; readonly why: string }[];
};

/** Why one record is not what its contract says. Values are shortened, and secrets hidden. */
export type RecordFault = {
  /** From 1, the header not counted. */
  readonly record: number;
  readonly field: string;
  readonly expected: string;
  readonly found: string;
};

export type ContractCheck = {
  readonly ok: boolean;
  readonly contract: { readonly name: string; readonly version: number };
  readonly file: string;
  readonly records: number;
  readonly accepted: number;
  readonly quarantined: number;
  /** The first ones; the quarantine file has them all. */
  readonly faults: readonly RecordFault[];
  /** How many records fault in the same way. */
  readonly counts: readonly {
    readonly field: string;
    readonly expected: string;
    readonly records: number;
    readonly hint?: string;
  }[];
  readonly quarantine?: string;
};
