/** Describes a snapshot's tools to the policy engine: what policies may see of each, and of which type. */
import type { Snapshot } from "@airworthy/contract";

import type { PolicyTool } from "./policy/tool-schema.ts";

/** A fact that no tool yields is left out: a policy that asks for it is then refused. */
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
    facets: Object.fromEntries(Object.entries(definition.facets ?? {}).map(([facet, { type }]) => [facet, type])),
    facts: Object.fromEntries(
      (definition.rests_on ?? []).flatMap(({ fact }) => {
        const type = factTypes.get(fact);
        return type === undefined ? [] : [[fact, type]];
      }),
    ),
  }));
}
