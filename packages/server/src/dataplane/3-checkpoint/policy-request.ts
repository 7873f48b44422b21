/** What the policies are asked: only declared facets, computed facts and our own knowledge, never raw arguments. */
import type { Json, Level } from "@airworthy/contract";

import type { PlannedAction } from "../../kernel/action-walk.ts";
import { summariseClasses, summarisePerson } from "../../kernel/classes/summarise-classes.ts";
import { summariseEntities } from "../../kernel/entities/summarise.ts";
import { askingOf } from "./asking.ts";
import { summariseProvenance } from "../../kernel/provenance/summarise.ts";
import type { PolicyRequest } from "../../kernel/policy/engine.ts";

export const autonomy: Record<Level, number> = { intern: 0, junior: 1, senior: 2, principal: 3 };

/** Undefined when there is nothing to ask: the agent, the tool or an input is missing, and that refuses by itself. */
export function describePolicyRequest(action: PlannedAction, nowMs: number): PolicyRequest | undefined {
  const { agent, tool, problems, input, computed, facts } = action.context;
  if (!agent || !tool || problems.some((problem) => problem.code !== "fact_changed")) return undefined;
  const { level, stage, fleet = "default" } = agent;
  return {
    tenant: action.tenant,
    version: action.view.snapshot.version,
    agent: { id: agent.name, autonomy: autonomy[level], stage, level, fleet },
    tool: tool.name,
    input,
    computed,
    env: {
      ...describeCall(action, nowMs),
      reversibility: tool.reversibility,
      stage,
      hourUtc: new Date(nowMs).getUTCHours(),
    },
    facts: Object.fromEntries(facts.flatMap(({ fact, value }) => (isScalar(value) ? [[fact, value]] : []))),
  };
}

function describeCall(action: PlannedAction, nowMs: number) {
  const { confidence, context, step, onBehalfOf, recall } = action;
  const { amount, entity, provenance, data, tool } = context;
  return {
    confidenceBp: Math.round((confidence ?? 0) * 10_000),
    confidenceStated: confidence !== undefined,
    amountMinor: amount?.minor ?? 0,
    currency: amount?.currency ?? "",
    entityType: entity?.type ?? "",
    entityId: entity?.id ?? "",
    repeats: step.repeats,
    approvals: signedFor(recall),
    provenance: summariseProvenance(provenance, tool?.definition.facets),
    classes: summariseClasses(data, tool?.definition.facets),
    person: summarisePerson(onBehalfOf),
    entity: summariseEntities(context.entities, { ...askingOf(action, nowMs), amount }),
  };
}

/** A fact of another form is left out, and the engine refuses for want of it. */
function isScalar(value: Json): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** The plan of a recall was shown to these teams, and they signed for what it takes back. */
const signedFor = (recall: PlannedAction["recall"]): readonly string[] => recall?.teams ?? [];
