/** Learns a source contract from a sample: a first draft for a person to review, with what was seen beside each line. */
import type { ContractField, SourceContractDocument } from "@airworthy/contract";
import { Document, isMap, isSeq } from "yaml";

import { findSecret } from "../../kernel/secret-shapes.ts";
import { characterOf, malformedOf, presentOf } from "./profile-source.ts";
import type { SourceSample } from "./profile-source.ts";
import type { FieldSample } from "./sample-field.ts";

const allowedMax = 100;

export function learnContract(
  source: SourceSample,
  given: { readonly name: string; readonly version: number },
): SourceContractDocument {
  return {
    apiVersion: "airworthy/v1",
    kind: "SourceContract",
    ...given,
    learnedFrom: `${source.file.split("/").at(-1) ?? ""}, ${source.records} records`,
    fields: source.fields.map((field) => learnField(field, source)),
  };
}

function learnField(field: FieldSample, { records }: SourceSample): ContractField {
  const { type, role } = characterOf(field);
  const base = { name: field.name, type, nullable: presentOf(field) < records };
  if (type === "integer" || type === "number")
    return role === "identifier" ? base : { ...base, range: learnRange(field) };
  const allowed = type === "text" && role === "category" ? learnAllowed(field) : undefined;
  return allowed === undefined ? base : { ...base, allowed: [...allowed] };
}

/**
 * The values seen, where nothing suggests that there are others: the chance that the next record has a new one is about
 * the share of values seen once (Good 1953), so no value may have been, and there must be ten records for each.
 */
function learnAllowed({ categories }: FieldSample): readonly string[] | undefined {
  const { each, others } = categories;
  const counts = [...each.values()];
  const total = counts.reduce((sum, count) => sum + count, 0);
  const isComplete = others === 0 && !counts.includes(1) && total >= counts.length * 10 && counts.length <= allowedMax;
  const values = [...each.keys()];
  return isComplete && values.every((value) => findSecret(value) === undefined) ? values.toSorted() : undefined;
}

/** What was seen, and half of its span more on both sides: of n records, the next lies beyond the seen with 2/(n+1). Below zero only if any was. */
function learnRange({ lowest, highest }: FieldSample): { readonly min: number; readonly max: number } {
  const slack = (highest - lowest) / 2;
  const min = lowest - slack;
  return { min: round(lowest >= 0 ? Math.max(0, min) : min, Math.floor), max: round(highest + slack, Math.ceil) };
}

/** To two digits, outwards, so that the limit is not taken for a measured one. */
function round(value: number, towards: (value: number) => number): number {
  if (value === 0 || !Number.isFinite(value)) return 0;
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(value))) - 1);
  return Number((towards(value / unit) * unit).toPrecision(12));
}

/** The contract as YAML, each field on one line with what the sample showed of it. */
export function writeContract(contract: SourceContractDocument, source: SourceSample): string {
  const document = new Document(contract);
  document.commentBefore = " Learned from a sample: review each line before it is enforced.";
  const list = document.get("fields");
  const samples = new Map(source.fields.map((field) => [field.name, field]));
  for (const [at, node] of isSeq(list) ? list.items.entries() : []) {
    if (!isMap(node)) continue;
    node.flow = true;
    const sample = samples.get(contract.fields[at]?.name ?? "");
    if (sample !== undefined) node.comment = ` ${remark(sample, source)}`;
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

function remark(field: FieldSample, source: SourceSample): string {
  const { type, role } = characterOf(field);
  const missing = source.records - presentOf(field);
  const malformed = malformedOf(field, type, source.format);
  const parts = [
    Number.isFinite(field.lowest) ? `seen ${field.lowest} to ${field.highest}` : undefined,
    role === "category" || field.categories.others > 0 ? undefined : `${field.categories.each.size} different values`,
    missing > 0 ? `missing in ${missing} of ${source.records}` : `never missing in ${source.records}`,
    malformed > 0 ? `${malformed} were not of this type` : undefined,
  ];
  return parts.filter((part) => part !== undefined).join("; ");
}
