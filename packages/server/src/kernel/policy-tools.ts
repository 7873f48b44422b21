/** Describes a snapshot's tools to the policy engine: what policies may see of each, and of which type. */
import type { Snapshot } from "@airworthy/contract";

import type { FacetType, PolicyTool } from "./policy/tool-schema.ts";

/** Left out are facts that no tool yields (a policy that asks for one is then refused), records, and facts of each item. */
export function toPolicyTools(snapshot: Pick<Snapshot, "tools">): PolicyTool[] {
  const tools = Object.values(snapshot.tools);
  const factTypes = new Map(
    tools.flatMap(({ definition }) => (definition.yields ?? []).map((rule) => [rule.fact, rule.type] as const)),
  );
  return tools.map(({ name, connector, effect, reversibility, definition }) => ({
    name,
    system: connector,
    effect,
    money: definition.amount !== undefined,
    reversibility,
    facets: typesOf(definition.facets),
    computed: typesOf(definition.computed),
    facts: Object.fromEntries(
      (definition.rests_on ?? []).flatMap(({ fact, each }) => {
        const type = factTypes.get(fact);
        return type === undefined || type === "json" || each !== undefined ? [] : [[fact, type]];
      }),
    ),
  }));
}

function typesOf(declared: Readonly<Record<string, { readonly type: FacetType }>> = {}): Record<string, FacetType> {
  return Object.fromEntries(Object.entries(declared).map(([name, { type }]) => [name, type]));
}
