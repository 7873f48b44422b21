/** Walks one claimed action through the corridor, again and again while the ground moves under it, to an answer. */
import type { ActionAnswer } from "@airworthy/contract";

import type { ActionStore, StoredAction } from "../kernel/action-store.ts";
import type { FinishedAction, ProposedAction } from "../kernel/action-walk.ts";
import type { Deps } from "../kernel/deps.ts";
import type { Ends } from "./ends.ts";
import { describeHandling } from "../kernel/classes/describe-handling.ts";
import { govern } from "./govern.ts";
import type { Turn, Turns } from "./turns.ts";

export type WalkDeps = Deps & {
  readonly actions: ActionStore;
  readonly ends: Ends;
  readonly turns: Turns;
  /** Called when an action starts to wait for people. */
  readonly onEscalated?: (action: FinishedAction) => void;
};
/** A walk without its view of the control plane: each round takes a fresh one. */
export type Claimed = Omit<ProposedAction, "view">;

/** Conflicts are somebody else's progress; this many in a row mean that this action will not get through now. */
const roundsMax = 8;
/** Somebody else's effect on the same business object ends in its own time, and that is worth waiting for. */
const patienceMs = 20_000;

export async function walkAction(claimed: Claimed, deps: WalkDeps): Promise<ActionAnswer> {
  try {
    const finished = await walkRounds(claimed, deps);
    const answer = answerOf(finished);
    deps.ends.announce(claimed.tenant, claimed.id, answer);
    if (finished.outcome.status === "waiting" && finished.outcome.ask) deps.onEscalated?.(finished);
    return answer;
  } catch (error) {
    // Our failure: whoever recovers it need not wait until our claim runs out.
    await deps.actions.release(claimed).catch(() => undefined);
    throw error;
  }
}

async function walkRounds(claimed: Claimed, deps: WalkDeps): Promise<FinishedAction> {
  const turn: { leave?: Turn | undefined } = {};
  try {
    return await walkInTurn(claimed, { turn, deps });
  } finally {
    turn.leave?.();
  }
}

type InTurn = { readonly turn: { leave?: Turn | undefined }; readonly deps: WalkDeps };

async function walkInTurn(claimed: Claimed, { turn, deps }: InTurn): Promise<FinishedAction> {
  const began = deps.clock.monotonicMs();
  let finished = await govern({ ...claimed, view: await deps.control.view(claimed.tenant) }, deps);
  for (let round = 2; finished.outcome.status === "conflict"; round++) {
    const { conflict } = finished.outcome;
    const waited = deps.clock.monotonicMs() - began;
    if (conflict === "claim" || (conflict === "entity" ? waited > patienceMs : round > roundsMax)) break;
    if (conflict === "entity") {
      const keys = finished.context.entities.map(({ key }) => key);
      turn.leave ??= await deps.turns.take(claimed.tenant, keys, patienceMs - waited);
    }
    await Promise.all([deps.control.refresh(claimed.tenant), pause(Math.random() * Math.min(250, 10 * round))]);
    finished = await govern({ ...claimed, view: await deps.control.view(claimed.tenant) }, deps);
  }
  if (finished.outcome.status !== "conflict") return finished;
  const message = `Others kept changing what it rests on (${finished.outcome.conflict}); nothing was done.`;
  const given: FinishedAction = {
    ...finished,
    outcome: { status: "failed", code: "contention", message, retryable: true },
  };
  await deps.ledger.finish(given);
  return given;
}

/** A stored action, ready to walk again under the claim that was just made. */
export function claimedFrom({ tenant, walk, callDigest, idempotencyKey, protocol, record }: StoredAction): Claimed {
  return {
    id: record.id,
    tenant,
    agent: record.agent,
    tool: record.tool,
    arguments: record.arguments,
    argumentsDigest: record.argumentsDigest,
    callDigest,
    idempotencyKey,
    run: record.run,
    confidence: record.confidence,
    rationale: record.rationale,
    protocol,
    onBehalfOf: record.onBehalfOf,
    recall: record.recall,
    proposedAt: Date.parse(record.proposedAt),
    walk,
  };
}

/** Walks an action whose approval was decided. Of several nodes that try, one gets the claim. */
export async function walkWaiting(
  at: { readonly tenant: string; readonly id: StoredAction["record"]["id"] },
  deps: WalkDeps,
): Promise<void> {
  const claimed = await deps.actions.claimWaiting(at.tenant, at.id);
  if (claimed) await walkAction(claimedFrom(claimed), deps);
}

function answerOf({ id, decision, outcome, permit, context }: FinishedAction): ActionAnswer {
  const approval = permit?.approval === undefined ? {} : { approval: permit.approval };
  const common = { id, decision, ...approval, ...describeHandling(context, outcome) };
  switch (outcome.status) {
    case "done":
      return {
        ...common,
        status: "done",
        result: outcome.result,
        ...(outcome.heldBack ? { heldBack: outcome.heldBack } : {}),
      };
    case "failed": {
      const { code, message, retryable } = outcome;
      const result = outcome.result === undefined ? {} : { result: outcome.result };
      return { ...common, status: "failed", ...result, error: { code, message, retryable } };
    }
    case "unknown":
      return { ...common, status: "unknown", error: { code: "unknown", message: outcome.message, retryable: false } };
    case "waiting":
      return { ...common, status: "waiting", approval: outcome.approval };
    case "refused":
    case "shadowed":
      return { ...common, status: outcome.status };
    case "conflict":
      return { ...common, status: "running" };
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
