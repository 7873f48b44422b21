/** Room 1. What does this action rest on, how old is that, and where did it come from? */
import type { AgentDocument, Reason } from "@airworthy/contract";

import type { Context, GroundedAction, ProposedAction } from "../../kernel/action-walk.ts";
import type { Deps } from "../../kernel/deps.ts";
import { prepareData } from "./data.ts";
import { computeValues } from "./compute.ts";
import { recallAgent, recallName } from "../../kernel/recall-principal.ts";
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
  pushable: [],
  lineage: [],
  provenance: [],
  sent: {},
  data: [],
};

export async function assembleContext(
  action: ProposedAction,
  deps: Pick<
    Deps,
    | "clock"
    | "observations"
    | "values"
    | "data"
    | "surroundings"
    | "inputSchemas"
    | "expressions"
    | "connectors"
    | "options"
  >,
): Promise<GroundedAction> {
  const { snapshot } = action.view;
  const agent = agentOf(action);
  const tool = agent?.tools.includes(action.tool) ? own(snapshot.tools, action.tool) : undefined;
  if (!agent || !tool) {
    return { ...action, context: { ...nothing, agent, tool: undefined, problems: [unknownTool(action, agent)] } };
  }
  const { judged, sent, data, hide, problems: unfit } = await prepareData(action, tool, deps);
  const bare = { ...nothing, agent, tool, sent, data };
  if (unfit.length > 0) return { ...action, context: { ...bare, problems: unfit } };
  const invalid = await deps.inputSchemas.problems(snapshot, tool, judged.arguments);
  if (invalid.length > 0) {
    const problems = await hide(invalid.map((problem): Reason => ({ ...problem, effect: "deny" })));
    return { ...action, context: { ...bare, problems } };
  }

  const facets = readFacets(tool.definition, judged.arguments);
  const looking = lookAtEntities(judged, { ...facets, tool }, deps);
  const [entities, { known, ...grounded }, lineage, provenance] = await Promise.all([
    looking,
    groundFacts(judged, { tool, before: looking }, deps),
    tool.effect === "write" ? traceLineage(judged, deps) : [],
    // Where a value came from is asked of what the agent said: a token was read as a token.
    traceProvenance(action, tool, deps),
  ]);
  const missing = grounded.problems.some(({ code }) => code !== "fact_changed");
  const { computed, problems: uncomputed } = missing
    ? { computed: {}, problems: [] }
    : computeValues(judged, { tool, facts: known }, deps);
  const problems = await hide([...facets.problems, ...grounded.problems, ...uncomputed]);
  const found = { ...facets, entities, computed, ...grounded, lineage, provenance };
  return { ...action, context: { agent, tool, ...found, sent, data, problems } };
}

/** The principal `recall` acts by leave of an approved recall and is in no configuration; nobody else has its name. */
function agentOf({ agent, tool, recall, view }: ProposedAction): AgentDocument | undefined {
  if (agent === recallName) return recall && recallAgent([tool]);
  return own(view.snapshot.agents, agent);
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
