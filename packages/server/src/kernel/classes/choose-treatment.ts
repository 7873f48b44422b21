/** Which rule holds for data of a class on its way: of all that fit, the strictest. */
import type {
  AgentDocument,
  AgreementDocument,
  DataRuleDocument,
  DataTreatment,
  GovernedTool,
} from "@airworthy/contract";

import { coversClass } from "./covers-class.ts";

/** Where data goes, and whence. `agent` acts in either case: it hears an answer, or sends arguments. */
export type Way = {
  readonly agent: AgentDocument | undefined;
  /** Absent where what an answer holds has no tool: the prompts and resources of a server. */
  readonly tool: Pick<GovernedTool, "name" | "connector"> | undefined;
  readonly to: "agent" | "tool";
  /** Of the provider of the agent's model, those in force. Absent on the way to a tool: no model reads there. */
  readonly agreements?: readonly AgreementDocument[];
};
export type Treatment = { readonly do: DataTreatment; readonly rule: string };

const strictness: readonly DataTreatment[] = ["tokenise", "mask", "block"];

export function chooseTreatment(
  rules: readonly DataRuleDocument[],
  dataClass: string,
  way: Way,
): Treatment | undefined {
  let chosen: Treatment | undefined;
  for (const rule of rules) {
    if (!rule.classes.some((one) => coversClass(one, dataClass)) || !leads(rule, way)) continue;
    if (rule.except?.agreement === true && findAgreement(dataClass, way) !== undefined) continue;
    if (!chosen || strictness.indexOf(rule.do) > strictness.indexOf(chosen.do))
      chosen = { do: rule.do, rule: rule.name };
  }
  return chosen;
}

/** The agreement that covers the class on this way. */
export function findAgreement(dataClass: string, { agreements = [] }: Way): AgreementDocument | undefined {
  return agreements.find(({ covers }) => covers.some((one) => coversClass(one, dataClass)));
}

/** Whether a rule is about this way at all, whatever the class. */
export function leads(rule: DataRuleDocument, way: Way): boolean {
  return reaches(rule, way) && comesFrom(rule, way) && !isExcepted(rule, way);
}

function reaches({ to }: DataRuleDocument, way: Way): boolean {
  return way.to === "tool" ? reachesTool(to, way.tool) : reachesAgent(to, way.agent);
}

function reachesTool(to: DataRuleDocument["to"], tool: Way["tool"]): boolean {
  if (to.tools === "any") return true;
  return (
    tool !== undefined && (to.tools?.includes(tool.name) === true || to.connectors?.includes(tool.connector) === true)
  );
}

/** An agent that is not in the configuration, or names no model, may be any. */
function reachesAgent(to: DataRuleDocument["to"], agent: Way["agent"]): boolean {
  if (to.agents === "any" || (to.agents !== undefined && (!agent || to.agents.includes(agent.name)))) return true;
  const provider = agent?.model?.provider;
  return to.providers !== undefined && (provider === undefined || to.providers.includes(provider));
}

/** `from` is about what systems answer; arguments come from the agent. */
function comesFrom({ from }: DataRuleDocument, { to, tool }: Way): boolean {
  if (from === undefined) return true;
  if (to === "tool" || !tool) return false;
  return (from.tools?.includes(tool.name) ?? false) || (from.connectors?.includes(tool.connector) ?? false);
}

function isExcepted({ except }: DataRuleDocument, { agent, tool }: Way): boolean {
  if (!except) return false;
  const byAgent = agent && (except.agents?.includes(agent.name) || except.levels?.includes(agent.level));
  const byTool = tool !== undefined && except.tools?.includes(tool.name);
  return byAgent === true || byTool === true;
}
