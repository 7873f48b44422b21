/** Reads one fact at its authoritative source, on behalf of the action that rests on it. */
import type { HeldBack, JsonObject, Reason, RestsOn } from "@airworthy/contract";

import type { Observation, ProposedAction } from "../../kernel/action-walk.ts";
import type { Deps } from "../../kernel/deps.ts";
import { newId } from "../../kernel/ids.ts";
import { readAt } from "../../kernel/read-at.ts";
import { type ExtractedFact, extractFacts } from "../../kernel/yields.ts";

type Ports = Pick<Deps, "clock" | "observations" | "connectors">;
type Need = { readonly rule: RestsOn; readonly key: string };

/** The fresh observation, saved under the agent that needs it; or the reason why there is none. */
export async function lookUpFact(
  action: ProposedAction,
  { rule, key }: Need,
  deps: Ports,
): Promise<Observation | Reason> {
  const { snapshot } = action.view;
  const tool = snapshot.tools[rule.lookup.tool];
  if (!tool) return unread(rule, `${rule.lookup.tool} is not configured`);
  const answer = await deps.connectors.call({
    tenant: action.tenant,
    snapshot,
    tool,
    arguments: fill(rule.lookup.with, action.arguments),
    idempotencyKey: `${action.id}:${rule.fact}`,
    timeoutMs: tool.timeoutMs,
    dispatchBeforeMonoMs: deps.clock.monotonicMs() + tool.timeoutMs,
  });
  if (answer.kind !== "answered") return unread(rule, answer.detail);
  const fetchedAt = deps.clock.now();
  const version = answer.version === undefined ? {} : { version: answer.version };
  const mcp = snapshot.connectors[tool.connector]?.type === "mcp";
  const found = extractFacts(tool.definition.yields ?? [], { result: answer.result, fetchedAt, mcp, ...version }).find(
    (fact) => fact.fact === rule.fact && fact.key === key,
  );
  if (!found) return unread(rule, unreported(answer.heldBack) ?? `${tool.name} did not report it for ${key}`);
  if (found.problem !== undefined) return unread(rule, found.problem);
  const observation: Observation = {
    id: newId("obs"),
    fact: found.fact,
    key,
    value: found.value,
    valueDigest: await deps.observations.digest(action.tenant, found.value),
    source: tool.name,
    ...originOf(found),
    asOf: found.asOf,
    fetchedAt,
    principal: action.agent,
    run: action.run,
  };
  await deps.observations.save(action.tenant, [observation]);
  return observation;
}

function fill(paths: Readonly<Record<string, string>>, args: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(paths).flatMap(([name, path]) => {
      const value = readAt(path, args);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

const originOf = ({ sourceVersion, batch }: ExtractedFact): Pick<Observation, "sourceVersion" | "batch"> => ({
  ...(sourceVersion === undefined ? {} : { sourceVersion }),
  ...(batch === undefined ? {} : { batch }),
});

function unreported(heldBack: HeldBack | undefined): string | undefined {
  return heldBack && `${heldBack.records} of its records broke the contract ${heldBack.contract} and are held back`;
}

function unread(rule: RestsOn, why: string): Reason {
  return {
    code: "fact_unavailable",
    effect: "deny",
    detail: `${rule.fact} could not be read at ${rule.lookup.tool}: ${why}. Nothing was done; try again later.`,
  };
}
