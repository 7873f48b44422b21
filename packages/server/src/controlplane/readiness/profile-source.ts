/** Reads a source once and keeps of it what describing, comparing and learning a contract need. */
import type { ContractFieldType, FieldRole, FieldSummary, SourceProfile } from "@airworthy/contract";

import { quantileOf } from "../../kernel/stats/compare-samples.ts";
import { cellKinds, conforms } from "../../kernel/records/classify-cell.ts";
import type { SourceRecord } from "../../kernel/records/source-record.ts";
import { isTextOnly } from "../../kernel/records/is-text-only.ts";
import { readFormed, type FormedOptions } from "../../kernel/records/read-formed.ts";
import type { RecordSink, SourceFormat } from "../../kernel/records/record-sink.ts";
import { typeOf } from "./sample-field.ts";
import type { FieldSample } from "./sample-field.ts";
import { createRecordSampler } from "./sample-records.ts";

/** All of a source that later steps look at. */
export type SourceSample = {
  readonly file: string;
  readonly format: SourceFormat;
  readonly records: number;
  readonly unreadable: number;
  /** Of a source that is held to a contract: what did not keep it, and is in no other count. */
  readonly quarantined?: Quarantined;
  readonly fields: readonly FieldSample[];
};

export type Quarantined = {
  readonly records: number;
  /** How many records fault in the same way, up to a number of ways. */
  readonly faults: readonly { readonly field: string; readonly expected: string; readonly records: number }[];
};

/** @throws AirworthyError when the file is not there, or is no file of records. */
export async function sampleSource(path: string, options: FormedOptions = {}): Promise<SourceSample> {
  let sampler = createRecordSampler(path, { untyped: true });
  let unreadable = 0;
  const sink: RecordSink = {
    record: (record: SourceRecord) => sampler.add(record),
    unreadable: () => void (unreadable += 1),
  };
  const format = await readFormed(path, sink, {
    ...options,
    onFormat: (found) => {
      sampler = createRecordSampler(path, { untyped: isTextOnly(found) });
    },
  });
  return { file: path, format, records: sampler.records(), unreadable, fields: sampler.fields() };
}

/** What a field is like, as the pilot shows it. */
export type FieldCharacter = { readonly type: ContractFieldType; readonly role: FieldRole };

export function characterOf(sample: FieldSample): FieldCharacter {
  const type = typeOf(sample);
  return { type, role: roleOf(sample, type) };
}

function roleOf(sample: FieldSample, type: ContractFieldType): FieldRole {
  const present = presentOf(sample);
  if (present === 0) return "empty";
  if (type === "date" || type === "timestamp") return "time";
  if (type === "list") return "list";
  if (type === "boolean") return "category";
  if (isIdentifier(sample, type)) return "identifier";
  return isCategory(sample, type) ? "category" : type === "text" ? "text" : "measure";
}

/** Few enough different values, and each often enough. */
function isCategory(sample: FieldSample, type: ContractFieldType): boolean {
  const { each, others } = sample.categories;
  const present = presentOf(sample);
  if (others > 0) return false;
  return type === "text" ? each.size * 2 <= present : each.size <= 20 && each.size * 5 <= present;
}

/** Unique, and counted up or called so: such values move on by their nature, and that they did says nothing. */
function isIdentifier({ name, isUnique, isOrdered }: FieldSample, type: ContractFieldType): boolean {
  if (!isUnique || type === "number" || type === "boolean") return false;
  const isCalledSo =
    /(?:^|[_.\s-])(?:id|key|uuid|guid|number|no|nr|ref|reference)$|(?:Id|ID|Key|Uuid|Number|Ref)$/i.test(name);
  return isCalledSo || (type === "integer" && isOrdered);
}

export const presentOf = ({ kinds }: FieldSample): number =>
  cellKinds.reduce((sum, kind) => sum + (kind === "missing" ? 0 : kinds[kind]), 0);

/** Of the values that are there, those that are none of the type. */
export const malformedOf = ({ kinds }: FieldSample, type: ContractFieldType, format: SourceFormat): number =>
  cellKinds.reduce((sum, kind) => sum + (conforms(type, kind, isTextOnly(format)) ? 0 : kinds[kind]), 0);

export function summarize(source: SourceSample): SourceProfile {
  const { file, format, records, unreadable } = source;
  return { file, format, records, unreadable, fields: source.fields.map((field) => summarizeField(field, source)) };
}

function summarizeField(field: FieldSample, { records, format }: SourceSample): FieldSummary {
  const { type, role } = characterOf(field);
  const { each, others } = field.categories;
  const isNumeric = field.numbers.length > 0 && (type === "integer" || type === "number");
  return {
    name: field.name,
    type,
    role,
    missing: records - presentOf(field),
    malformed: malformedOf(field, type, format),
    ...(others === 0 && role !== "list" ? { distinct: each.size } : {}),
    ...(isNumeric ? { lowest: field.lowest, median: quantileOf(field.numbers, 0.5), highest: field.highest } : {}),
  };
}
