/** Data readiness: what profiling a source, comparing two, and checking one against its contract answer. */
import type { ContractFieldType } from "./config.ts";

/** How a field is looked at: as numbers, as categories, as text, as names of things, or as moments. */
export type FieldRole = "measure" | "category" | "text" | "identifier" | "time" | "list" | "empty";

export type FieldSummary = {
  readonly name: string;
  readonly type: ContractFieldType;
  readonly role: FieldRole;
  /** Of all records: null, empty or absent. */
  readonly missing: number;
  /** Of those that are there: not of the field's type. */
  readonly malformed: number;
  /** Different values; absent where there are too many to count. */
  readonly distinct?: number;
  readonly lowest?: number;
  readonly median?: number;
  readonly highest?: number;
};

export type SourceProfile = {
  readonly file: string;
  readonly format: "csv" | "json" | "jsonl" | "fixed";
  readonly records: number;
  /** Records that could not be read as such, which are in no other count. */
  readonly unreadable: number;
  readonly fields: readonly FieldSummary[];
};

export type FindingKind =
  | "missing_field"
  | "new_field"
  | "unreadable"
  | "missing"
  | "malformed"
  | "unseen"
  | "format"
  | "drift"
  | "tail_low"
  | "tail_high";

/** Shares of both samples, bar by bar; each column adds up to 1 of the values that are there. */
export type Picture = readonly { readonly label: string; readonly pilot: number; readonly production: number }[];

export type ReadinessFinding = {
  readonly kind: FindingKind;
  readonly severity: "severe" | "notice";
  readonly field?: string;
  readonly sentence: string;
  /** Absent where nothing had to be tested: a column is there, or it is not. */
  readonly evidence?: {
    readonly test: string;
    readonly pValue: number;
    /** After Holm's correction over all tests; the finding stands because it is at most `alpha`. */
    readonly adjusted: number;
    /** How large the change is, as against how certain. */
    readonly effect: number;
    readonly effectName: string;
  };
  /** The population stability index, with the limit for these sizes. */
  readonly stability?: { readonly index: number; readonly limit: number };
  readonly picture?: Picture;
};

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
