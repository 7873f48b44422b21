/** Reads one fact at its authoritative source, on behalf of the action that rests on it. */
import type { HeldBack, Reason, RestsOn } from "@airworthy/contract";

import type { NewObservation, ProposedAction } from "../../kernel/action-walk.ts";
import { canonicalJson } from "../../kernel/canonical.ts";
import { defined } from "../../kernel/defined.ts";
import type { ConnectorAnswer, Deps } from "../../kernel/deps.ts";
import { newId } from "../../kernel/ids.ts";
import { limitAnswer } from "../../kernel/on-behalf/limit-answer.ts";
import { passingRefusals } from "../../kernel/passing-refusals.ts";
import { extractFacts } from "../../kernel/yields.ts";
import type { Need } from "./needs.ts";

type Ports = Pick<Deps, "clock" | "observations" | "connectors" | "data">;
/** What was asked already for this action: one answer may bring several facts. */
export type Asked = Map<string, ReturnType<Ports["connectors"]["call"]>>;
type Wanted = { readonly need: Need; readonly asked: Asked };

/** The fresh observation, saved under the agent that needs it; or the reason why there is none. */
export async function lookUpFact(
  action: ProposedAction,
  { need: { rule, key, with: args }, asked }: Wanted,
  deps: Ports,
): Promise<NewObservation | Reason> {
  const { snapshot } = action.view;
  const tool = snapshot.tools[rule.lookup.tool];
  if (!tool) return unread(rule, `${rule.lookup.tool} is not configured`);
  const question = canonicalJson([tool.name, args]);
  const pending =
    asked.get(question) ??
    deps.connectors.call({
      tenant: action.tenant,
      snapshot,
      tool,
      arguments: args,
      idempotencyKey: `${action.id}:${rule.fact}`,
      timeoutMs: tool.timeoutMs,
      dispatchBeforeMonoMs: deps.clock.monotonicMs() + tool.timeoutMs,
    });
  asked.set(question, pending);
  const mcp = snapshot.connectors[tool.connector]?.type === "mcp";
  const { answer } = limitAnswer(await pending, { tool, mcp, onBehalfOf: action.onBehalfOf });
  if (answer.kind !== "answered")
    return { ...unread(rule, answer.detail), ...(isPassing(answer, mcp) ? { retryable: true } : {}) };
  // The agent does not hear it, but a reason may name what it says.
  await deps.data.note({ tenant: action.tenant, snapshot, tool }, answer.result);
  const fetchedAt = deps.clock.now();
  const version = answer.version === undefined ? {} : { version: answer.version };
  const found = extractFacts(tool.definition.yields ?? [], { result: answer.result, fetchedAt, mcp, ...version }).find(
    (fact) => fact.fact === rule.fact && fact.key === key,
  );
  if (!found) return unread(rule, unreported(answer.heldBack) ?? `${tool.name} did not report it for ${key}`);
  if (found.problem !== undefined) return unread(rule, found.problem);
  const observation: NewObservation = {
    id: newId("obs"),
    fact: found.fact,
    key,
    value: found.value,
    valueDigest: await deps.observations.digest(action.tenant, found.value),
    source: tool.name,
    ...defined({ sourceVersion: found.sourceVersion, batch: found.batch, document: found.document }),
    cited: await deps.observations.digest(action.tenant, [found.fact, key]),
    asOf: found.asOf,
    fetchedAt,
    principal: action.agent,
    run: action.run,
  };
  await deps.observations.save(action.tenant, [observation]);
  return observation;
}

function unreported(heldBack: HeldBack | undefined): string | undefined {
  return heldBack && `${heldBack.records} of its records broke the contract ${heldBack.contract} and are held back`;
}

/** Whatever else a system says of a read, it will say again. An MCP server's error is its answer; where it fails, nobody knows, or it cannot be reached. */
function isPassing(answer: Exclude<ConnectorAnswer, { readonly kind: "answered" }>, mcp: boolean): boolean {
  if (answer.kind !== "rejected") return true;
  return passingRefusals.has(answer.code) && !(mcp && answer.code === "upstream_error");
}

function unread(rule: RestsOn, why: string): Reason {
  return {
    code: "fact_unavailable",
    effect: "deny",
    detail: `${rule.fact} could not be read at ${rule.lookup.tool}: ${why.replace(/\.$/, "")}. Nothing was done; try again later.`,
  };
}
