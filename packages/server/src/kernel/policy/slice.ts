/** Picks, for one tool, the policies whose head can match it, so that evaluation never sees the others. */
import type { EntityHead, EntityRef, PolicySource } from "./policy-source.ts";
import { actionType, listGroups, systemType, toolType } from "./tool-schema.ts";
import type { PolicyTool } from "./tool-schema.ts";

export type PolicySlice = { readonly enforce: readonly PolicySource[]; readonly shadow: readonly PolicySource[] };

/** Reads every head once; the result picks the slice of any tool, policies in their original order. */
export function indexPolicies(policies: readonly PolicySource[]): (tool: PolicyTool) => PolicySlice {
  const everywhere: number[] = [];
  const byAction = new Map<string, number[]>();
  for (const [index, { head }] of policies.entries()) {
    if (head.action.op === "all") everywhere.push(index);
    else for (const id of listActionIds(head.action)) byAction.set(id, [...(byAction.get(id) ?? []), index]);
  }
  return (tool) => {
    const candidates = new Set([
      ...everywhere,
      ...[tool.name, ...listGroups(tool)].flatMap((id) => byAction.get(id) ?? []),
    ]);
    const picked = [...candidates]
      .toSorted((left, right) => left - right)
      .flatMap((index) => policies[index] ?? [])
      .filter((policy) => matchesResource(policy.head.resource, tool));
    return {
      enforce: picked.filter((policy) => policy.mode === "enforce"),
      shadow: picked.filter((policy) => policy.mode === "shadow"),
    };
  };
}

/** The ids of our actions that a head names; a name of another type matches no tool. */
export function listActionIds(action: PolicySource["head"]["action"]): readonly string[] {
  if (action.op === "all") return [];
  const named: readonly EntityRef[] = action.op === "==" ? [action.entity] : action.entities;
  return named.filter((entity) => entity.type === actionType).map((entity) => entity.id);
}

function matchesResource(head: EntityHead, tool: PolicyTool): boolean {
  const isTool = (entity: EntityRef): boolean => entity.type === toolType && entity.id === tool.name;
  const isWithin = (entity: EntityRef): boolean =>
    isTool(entity) || (entity.type === systemType && entity.id === tool.system);
  if (head.op === "all") return true;
  if (head.op === "is") return head.type === toolType && (head.within === undefined || isWithin(head.within));
  return head.op === "==" ? isTool(head.entity) : isWithin(head.entity);
}
