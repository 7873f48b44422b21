/** Room 1. What does this action rest on, how old is that, and where did it come from? */
import type { AgentDocument, Reason } from "@airworthy/contract";

import type { Context, GroundedAction, ProposedAction } from "../../kernel/action-walk.ts";
import type { Deps } from "../../kernel/deps.ts";
import { computeValues } from "./compute.ts";
import { lookAtEntities } from "./entities.ts";
import { readFacets } from "./facets.ts";
import { groundFacts } from "./freshness.ts";
import { traceLineage } from "./lineage.ts";
import { traceProvenance } from "./provenance.ts";

const nothing: Omit<Context, "problems" | "agent" | "tool"> = {
  entity: undefined,
  touches: [],
  entities: [],
  amount: undefined,
  input: {},
  computed: {},
  facts: [],
  cited: [],
  factDigests: [],
  factsFreshUntil: undefined,
  lineage: [],
  provenance: [],
};

export async function assembleContext(
  action: ProposedAction,
  deps: Pick<
    Deps,
    "clock" | "observations" | "values" | "surroundings" | "inputSchemas" | "expressions" | "connectors" | "options"
  >,
): Promise<GroundedAction> {
  const { snapshot } = action.view;
  const agent = own(snapshot.agents, action.agent);
  const tool = agent?.tools.includes(action.tool) ? own(snapshot.tools, action.tool) : undefined;
  if (!agent || !tool) {
    return { ...action, context: { ...nothing, agent, tool: undefined, problems: [unknownTool(action, agent)] } };
  }
  const invalid = await deps.inputSchemas.problems(snapshot, tool, action.arguments);
  if (invalid.length > 0) {
    const problems = invalid.map(({ code, detail }): Reason => ({ code, effect: "deny", detail }));
    return { ...action, context: { ...nothing, agent, tool, problems } };
  }

  const facets = readFacets(tool.definition, action.arguments);
  const looking = lookAtEntities(action, { ...facets, tool }, deps);
  const [entities, { known, ...grounded }, lineage, provenance] = await Promise.all([
    looking,
    groundFacts(action, { tool, before: looking }, deps),
    tool.effect === "write" ? traceLineage(action, deps) : [],
    traceProvenance(action, tool, deps),
  ]);
  const missing = grounded.problems.some(({ code }) => code !== "fact_changed");
  const { computed, problems: uncomputed } = missing
    ? { computed: {}, problems: [] }
    : computeValues(action, { tool, facts: known }, deps);
  const problems = [...facets.problems, ...grounded.problems, ...uncomputed];
  const context = { agent, tool, ...facets, entities, computed, ...grounded, lineage, provenance, problems };
  return { ...action, context };
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** The same words whether the tool does not exist or is another agent's: a refusal is not a directory. */
function unknownTool(action: ProposedAction, agent: AgentDocument | undefined): Reason {
  const detail = agent
    ? `There is no tool ${quote(action.tool)} for agent ${action.agent}.`
    : `Agent ${action.agent} is not in the live configuration.`;
  return { code: agent ? "unknown_tool" : "unknown_agent", effect: "deny", detail };
}

const quote = (text: string): string => JSON.stringify(text.slice(0, 128));
