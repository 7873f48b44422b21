/** Gives the values of a text-only record the types that its contract names. */
import type { ContractField, Json, JsonObject, SourceContractDocument } from "@airworthy/contract";

import { classifyCell } from "./classify-cell.ts";

/** Only for records that keep the contract. What is missing becomes null; what the contract does not list stays text. */
export function typeRecord(contract: SourceContractDocument, record: JsonObject): JsonObject {
  const fields = new Map(contract.fields.map((field) => [field.name, field]));
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => {
      const field = fields.get(name);
      return [name, field === undefined || typeof value !== "string" ? value : typeText(field, value)];
    }),
  );
}

function typeText({ type }: ContractField, text: string): Json {
  if (classifyCell(text, true) === "missing") return null;
  if (type === "integer" || type === "number") return Number(text);
  return type === "boolean" ? /^true$/i.test(text.trim()) : text;
}
