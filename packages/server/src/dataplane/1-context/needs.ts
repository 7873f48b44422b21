/** Says which facts an action needs: one for each rule, or one for each item of a list, in an order in which each can be known. */
import type { Json, JsonObject, Reason, RestsOn } from "@airworthy/contract";

import { durationMs } from "../../kernel/duration.ts";
import { identifierForm, isIdentifier } from "../../kernel/identifier.ts";
import { parseReference, readEachReference, readReference, type ReferenceScope } from "../../kernel/reference.ts";

/** A fact that is needed: whose, and the arguments with which its source is asked. */
export type Need = {
  readonly rule: RestsOn;
  readonly key: string;
  readonly maxAgeMs: number;
  readonly with: JsonObject;
};

/** More facts than this for one list are a report, not a look-up. */
export const maxItems = 64;

/** The needs of one rule once what it depends on is known; a reason where it cannot be said whose fact is meant. */
export function needsOf(rule: RestsOn, scope: ReferenceScope): readonly Need[] | Reason {
  if (rule.each === undefined) {
    const need = needOf(rule, scope);
    return "effect" in need ? need : [need];
  }
  const items = readEachReference(parseReference(rule.each), scope);
  if (items.length > maxItems) {
    const detail = `${rule.each} has ${items.length} items; this rests on ${rule.fact} of each, of ${maxItems} at most.`;
    return { code: "missing_input", effect: "deny", detail };
  }
  const needs = new Map<string, Need>();
  for (const item of items) {
    const need = needOf(rule, { ...scope, item });
    if ("effect" in need) return need;
    needs.set(need.key, need);
  }
  return [...needs.values()];
}

function needOf(rule: RestsOn, scope: ReferenceScope): Need | Reason {
  const key = readReference(parseReference(rule.key), scope);
  if (typeof key !== "number" && (typeof key !== "string" || !isIdentifier(key))) {
    const detail = `${rule.key} must name whose ${rule.fact} this rests on: ${identifierForm}.`;
    return { code: "missing_input", effect: "deny", detail };
  }
  return { rule, key: String(key), maxAgeMs: durationMs(rule.maxAge), with: fill(rule.lookup.with, scope) };
}

function fill(given: Readonly<Record<string, string>>, scope: ReferenceScope): JsonObject {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, text]): [string, Json][] => {
      const value = readReference(parseReference(text), scope);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
