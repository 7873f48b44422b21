/** Lineage: which of the arguments are values that this agent read through the gateway, and from which record. */
import type { Json, JsonObject, LineageEdge } from "@airworthy/contract";

import type { ProposedAction } from "../../kernel/action-walk.ts";
import type { Deps } from "../../kernel/deps.ts";

const leavesMax = 200;
type Leaf = { readonly path: string; readonly value: Json };

export async function traceLineage(
  action: ProposedAction,
  deps: Pick<Deps, "observations">,
): Promise<readonly LineageEdge[]> {
  const leaves = leavesOf(action.arguments).slice(0, leavesMax);
  const digests = await Promise.all(leaves.map((leaf) => deps.observations.digest(action.tenant, leaf.value)));
  const observations = await deps.observations.matching(action.tenant, action.agent, [...new Set(digests)]);
  return leaves.flatMap((leaf, index) => {
    const match = observations.find((observation) => observation.valueDigest === digests[index]);
    if (!match) return [];
    const edge: LineageEdge = {
      argument: leaf.path,
      fact: match.fact,
      key: match.key,
      observation: match.id,
      source: match.source,
      asOf: new Date(match.asOf ?? match.fetchedAt).toISOString(),
      ...(match.readBy ? { readBy: match.readBy } : {}),
      match: "exact",
    };
    return [edge];
  });
}

/** Leaves worth tracing: a boolean or a one-letter string matches everything and proves nothing. */
function leavesOf(value: Json | JsonObject, path = "$"): Leaf[] {
  if (Array.isArray(value)) return value.flatMap((item: Json, index) => leavesOf(item, `${path}[${index}]`));
  if (value !== null && typeof value === "object") {
    return Object.entries(value).flatMap(([key, item]) => leavesOf(item, `${path}.${key}`));
  }
  const telling = (typeof value === "string" && value.length > 1) || typeof value === "number";
  return telling ? [{ path, value }] : [];
}
