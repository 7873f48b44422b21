/** What came of a call, as the agent may hear it: classed data masked, as tokens, or withheld. */
import type { DataUse, HeldBack, Json } from "@airworthy/contract";

import type { NewObservation, Outcome } from "../../kernel/action-walk.ts";
import { gather } from "../../kernel/classes/treat-json.ts";
import type { Hearing } from "../../kernel/classes/data-shield.ts";
import type { Deps } from "../../kernel/deps.ts";
import { canonicalJson } from "../../kernel/canonical.ts";
import { isJsonObject } from "../../kernel/json.ts";
import { extractFacts } from "../../kernel/yields.ts";

type Ended = Hearing & {
  readonly tool: NonNullable<Hearing["tool"]>;
  readonly leftOut?: number | undefined;
  /** What was done with what the upstream said before its end. */
  readonly told?: readonly DataUse[];
};
type Ports = Pick<Deps, "data">;

export async function shieldOutcome(outcome: Outcome, ended: Ended, { data }: Ports): Promise<Outcome> {
  if (outcome.status === "done") return shieldDone(outcome, ended, { data });
  if (outcome.status !== "failed" && outcome.status !== "unknown") return outcome;
  const { hearing, told } = parted(ended);
  const message = await shieldWords(outcome.message, hearing, data);
  if (outcome.status === "unknown") return { ...outcome, message: message.text };
  const result = outcome.result === undefined ? undefined : await data.answer(hearing, outcome.result, "result");
  const uses = gather([...told, ...message.uses, ...(result?.uses ?? [])]);
  const { result: _, ...rest } = outcome;
  return {
    ...rest,
    message: message.text,
    ...(result === undefined
      ? {}
      : { result: blockedIn(result.uses) ? withheld(blockedIn(result.uses), ended) : result.value }),
    ...(uses.length > 0 ? { data: uses } : {}),
  };
}

function parted({ leftOut, told = [], ...hearing }: Ended) {
  return { hearing, told, leftOut };
}

async function shieldDone(
  outcome: Extract<Outcome, { status: "done" }>,
  ended: Ended,
  { data }: Ports,
): Promise<Outcome> {
  const { hearing, told, leftOut } = parted(ended);
  const treated = await data.answer(hearing, outcome.result, "result");
  const held = outcome.heldBack && (await shieldHeldBack(outcome.heldBack, hearing, data));
  const uses = gather([...told, ...treated.uses, ...(held?.uses ?? [])]);
  const handled = {
    ...(uses.length > 0 ? { data: uses } : {}),
    ...(leftOut === undefined ? {} : { leftOut }),
    ...(held ? { heldBack: held.heldBack } : {}),
  };
  const block = blockedIn(treated.uses);
  if (!block) {
    const observations = keepKnown(outcome.observations, treated, ended);
    return { ...outcome, result: treated.value, observations, ...handled };
  }
  // What a write has done stays done, whatever its answer holds.
  if (ended.tool.effect === "write")
    return { ...outcome, result: withheld(block, ended), observations: [], ...handled };
  return { status: "failed", code: "data_blocked", message: describe(block, ended), retryable: false, ...handled };
}

/** What was found in place of what the contract says is a value like any other. */
async function shieldHeldBack(
  heldBack: HeldBack,
  hearing: Hearing,
  data: Deps["data"],
): Promise<{ readonly heldBack: HeldBack; readonly uses: readonly DataUse[] }> {
  const found = await Promise.all(heldBack.faults.map((fault) => shieldWords(fault.found, hearing, data)));
  return {
    heldBack: { ...heldBack, faults: heldBack.faults.map((fault, at) => ({ ...fault, found: found[at]?.text ?? "" })) },
    uses: found.flatMap((one) => one.uses),
  };
}

const blockedIn = (uses: readonly DataUse[]): DataUse | undefined => uses.find((use) => use.did === "blocked");

/** Class and place, never the value. */
function describe(use: DataUse | undefined, { agent }: Ended): string {
  return `The answer holds ${use?.class ?? "data"} at ${use?.path ?? "$"}, which ${agent} may not have (rule ${use?.rule ?? "of data"}).`;
}

function withheld(use: DataUse | undefined, ended: Ended): Json {
  const text = describe(use, ended);
  const isMcp = ended.snapshot.connectors[ended.tool.connector]?.type === "mcp";
  return isMcp ? { content: [{ type: "text", text }] } : { withheld: text };
}

/** What is masked is no fact that the agent can rest on; a token stands for its value, and the fact stays known. */
function keepKnown(
  observations: readonly NewObservation[],
  { kept, uses }: { readonly kept: Json; readonly uses: readonly DataUse[] },
  { tool, snapshot }: Ended,
): readonly NewObservation[] {
  if (!uses.some((use) => use.did === "masked") || observations.length === 0) return observations;
  const mcp = snapshot.connectors[tool.connector]?.type === "mcp";
  const facts = extractFacts(tool.definition.yields ?? [], { result: kept, fetchedAt: 0, mcp });
  const known = new Set(facts.map(({ fact, key, value }) => canonicalJson([fact, key, value])));
  return observations.filter(({ fact, key, value }) => known.has(canonicalJson([fact, key, value])));
}

async function shieldWords(
  text: string,
  hearing: Hearing,
  data: Deps["data"],
): Promise<{ readonly text: string; readonly uses: readonly DataUse[] }> {
  const { value, uses } = await data.answer(hearing, { said: text }, "message");
  if (blockedIn(uses))
    return { text: "What the system said is withheld: it holds data that this agent may not have.", uses };
  const shown = isJsonObject(value) ? value["said"] : undefined;
  return { text: typeof shown === "string" ? shown : "What the system said cannot be shown.", uses };
}
