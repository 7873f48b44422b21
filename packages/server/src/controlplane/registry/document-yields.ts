/** What a read of documents yields: each answer names the document of each passage, so that a recall can begin there. */
import type { Snapshot, YieldRule } from "@airworthy/contract";

type Tool = Snapshot["tools"][string]["definition"];

/** The same for every tool, whatever its operator declares; without rules of its own a tool yields the passage itself. */
export function fillDocumentYields<T extends Tool>(definition: T): T {
  const rules = definition.yields ?? [defaultRule(definition)];
  const yields = rules.map((rule): YieldRule => {
    const root = rule.each === undefined ? "$" : "@";
    const asOf = rule.asOf ?? (rule.authoritative === true ? undefined : `${root}.current`);
    const batch = rule.batch ?? `${root}.batch`;
    return { ...rule, ...(asOf === undefined ? {} : { asOf }), batch, document: rule.document ?? `${root}.document` };
  });
  return { ...definition, yields };
}

function defaultRule(definition: Tool): YieldRule {
  if ("search" in definition && definition.search !== undefined) {
    return { fact: "document.passage", each: "$.passages[*]", key: "@.hash", value: "@.text", type: "string" };
  }
  if ("list" in definition && definition.list !== undefined) {
    return { fact: "document.title", each: "$.documents[*]", key: "@.document", value: "@.title", type: "string" };
  }
  return { fact: "document.passage", key: "$.hash", value: "$.text", type: "string" };
}
