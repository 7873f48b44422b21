/** Reads a source once and keeps of it what describing, comparing and learning a contract need. */
import { AirworthyError } from "@airworthy/contract";
import type { ContractFieldType, FieldRole, FieldSummary, SourceProfile } from "@airworthy/contract";

import { quantileOf } from "../../kernel/stats/compare-samples.ts";
import { cellKinds, conforms } from "../../kernel/records/classify-cell.ts";
import type { SourceRecord } from "../../kernel/records/source-record.ts";
import { isTextOnly } from "../../kernel/records/is-text-only.ts";
import { readRecords } from "../../kernel/records/read-records.ts";
import type { ReadOptions } from "../../kernel/records/read-records.ts";
import type { RecordSink, SourceFormat } from "../../kernel/records/record-sink.ts";
import { createFieldSampler, typeOf } from "./sample-field.ts";
import type { FieldSample, FieldSampler } from "./sample-field.ts";

/** All of a source that later steps look at. */
export type SourceSample = {
  readonly file: string;
  readonly format: SourceFormat;
  readonly records: number;
  readonly unreadable: number;
  readonly fields: readonly FieldSample[];
};

const fieldsMax = 1_000;

/** @throws AirworthyError when the file is not there, or is no file of records. */
export async function sampleSource(path: string, options: ReadOptions = {}): Promise<SourceSample> {
  const fields = new Map<string, FieldSampler>();
  let [records, unreadable] = [0, 0];
  let columns: readonly string[] = [];
  let samplers: readonly FieldSampler[] = [];
  const untyped = { value: false };
  const samplerOf = (name: string): FieldSampler => {
    const known = fields.get(name);
    if (known !== undefined) return known;
    if (fields.size >= fieldsMax) throw tooManyFields(path);
    const made = createFieldSampler(name, untyped.value);
    fields.set(name, made);
    return made;
  };
  const sink: RecordSink = {
    record: (record: SourceRecord) => {
      records += 1;
      if (record.columns !== columns) {
        columns = record.columns;
        samplers = columns.map(samplerOf);
      }
      for (const [at, sampler] of samplers.entries()) sampler.add(record.cells[at]);
    },
    unreadable: () => void (unreadable += 1),
  };
  const format = await readRecords(path, sink, {
    ...options,
    onFormat: (found) => void (untyped.value = isTextOnly(found)),
  });
  return { file: path, format, records, unreadable, fields: [...fields.values()].map((each) => each.sample()) };
}

const tooManyFields = (path: string): AirworthyError =>
  new AirworthyError("too_large", `${path} has more than ${fieldsMax} fields.`, {
    fix: "Values that are used as keys should be values: a list of records with a name each.",
  });

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
