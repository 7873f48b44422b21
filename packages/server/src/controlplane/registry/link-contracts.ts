/** Checks that a source contract can be kept: fields named once, ranges that hold something, allowed values that can occur. */
import type { ContractField, SourceContractDocument } from "@airworthy/contract";

import { report, reportTool } from "./link-index.ts";
import type { LinkedTool, LinkIndex, Spot } from "./link-index.ts";
import type { LoadedDocument } from "./load-documents.ts";
import { suggestName } from "./nearest-name.ts";
import type { DataPath } from "./place.ts";

type Linked = { readonly index: LinkIndex; readonly contract: LoadedDocument<SourceContractDocument> };

export function linkContracts(index: LinkIndex): void {
  for (const linked of index.tools.values()) linkReady(index, linked);
  for (const contract of index.contracts) {
    const seen = new Set<string>();
    for (const [position, field] of contract.document.fields.entries()) {
      const linked = { index, contract };
      if (seen.has(field.name)) {
        tell(linked, { code: "AW1601", path: ["fields", position, "name"] }, `"${field.name}" is listed twice`);
      }
      seen.add(field.name);
      linkLimits(linked, field, position);
      linkAllowed(linked, field, position);
    }
  }
}

function linkReady(index: LinkIndex, linked: LinkedTool): void {
  for (const [position, name] of (linked.tool.requires_ready ?? []).entries()) {
    const path = ["requires_ready", position];
    const contract = index.contracts.find(({ document }) => document.name === name);
    if (contract === undefined) {
      if (!index.complete) continue;
      const hint = suggestName(name, index.names("SourceContract"));
      const message = `there is no source contract "${name}"`;
      reportTool(index, { code: "AW1605", linked, path }, { message, hint });
    } else if (contract.document.watch === undefined) {
      reportTool(index, { code: "AW1606", linked, path }, { message: `contract ${name} is not watched` });
    }
  }
}

function tell(
  { index, contract }: Linked,
  at: { readonly code: Spot["code"]; readonly path: DataPath },
  message: string,
): void {
  report(index, { code: at.code, file: contract.file, place: contract.locate(at.path) }, { message });
}

function linkLimits(linked: Linked, { type, range, maxLength }: ContractField, position: number): void {
  const isNumeric = type === "integer" || type === "number";
  if (range !== undefined && !isNumeric) {
    tell(linked, { code: "AW1604", path: ["fields", position, "range"] }, `a ${type} has no range`);
  }
  if (maxLength !== undefined && type !== "text" && type !== "list") {
    tell(linked, { code: "AW1604", path: ["fields", position, "maxLength"] }, `a ${type} has no length`);
  }
  if (range?.min !== undefined && range.max !== undefined && range.min > range.max) {
    const message = `nothing lies between ${range.min} and ${range.max}`;
    tell(linked, { code: "AW1602", path: ["fields", position, "range"] }, message);
  }
}

function linkAllowed(linked: Linked, field: ContractField, position: number): void {
  for (const [at, value] of (field.allowed ?? []).entries()) {
    if (canHold(field, value)) continue;
    const message = `a field of type ${field.type} never holds ${JSON.stringify(value)}`;
    tell(linked, { code: "AW1603", path: ["fields", position, "allowed", at] }, message);
  }
}

function canHold(field: ContractField, value: string | number | boolean): boolean {
  if (typeof value === "number") return canHoldNumber(field, value);
  if (typeof value === "boolean") return field.type === "boolean";
  return field.type === "text" && value.length <= (field.maxLength ?? value.length);
}

function canHoldNumber({ type, range }: ContractField, value: number): boolean {
  const isRight = type === "number" || (type === "integer" && Number.isInteger(value));
  return isRight && value >= (range?.min ?? value) && value <= (range?.max ?? value);
}
