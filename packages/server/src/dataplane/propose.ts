/** One proposal, from any door: opened once, joined by its repeats, walked, and answered. */
import {
  type ActionAnswer,
  type ActionId,
  AirworthyError,
  isFinal,
  type JsonObject,
  type Proposal,
} from "@airworthy/contract";

import type { NewAction, Opening, StoredAction } from "../kernel/action-store.ts";
import type { Principal, Sink } from "../kernel/action-walk.ts";
import { digestJson } from "../kernel/canonical.ts";
import { newId } from "../kernel/ids.ts";
import { walkAction, type WalkDeps } from "./walk.ts";

export type Proposed = Proposal & {
  readonly sink?: Sink;
  /** What an MCP caller sent beside the arguments and its upstream needs verbatim. */
  readonly protocol?: JsonObject;
};

/** A repeat of a call that is being carried out waits this long for its end before it hears "running". */
const joinWaitMs = 45_000;
const lookEveryMs = 250;

export async function propose(principal: Principal, proposal: Proposed, deps: WalkDeps): Promise<ActionAnswer> {
  // Cut off from the store we would not even open the action: nothing is decided on an old view.
  await deps.control.view(principal.tenant);
  const action = describe(principal, proposal, deps.clock.now());
  await stateTask(principal, proposal, deps);
  const opening = await deps.actions.open(action);
  if (opening.opened) {
    const claimed = { ...action, proposedAt: deps.clock.now(), walk: 1, sink: proposal.sink };
    const answer = await walkAction(claimed, deps);
    return awaitEnd(action, { answer, proposal }, deps);
  }
  const answer = await joinKnown(opening, { action, proposal }, deps);
  // A large result of a read is not kept, and the one who read it may be on another node: so it is read again.
  return answer.status === "done" && answer.result === undefined ? propose(principal, proposal, deps) : answer;
}

/** Only the first statement of a run counts: what comes later may have been asked for by what the agent has read. */
async function stateTask(principal: Principal, { task, run }: Proposed, { values }: WalkDeps): Promise<void> {
  if (task === undefined || task.trim() === "") return;
  if (run === undefined) {
    throw new AirworthyError("invalid_input", "A task is stated for a run, and this proposal names none.", {
      place: "$.run",
      fix: "Give the run an id of its own and state it with every proposal of the run.",
    });
  }
  await values.stateTask({ tenant: principal.tenant, principal: principal.name, run }, task);
}

/** The same call is there already: its end is collected, heard again, or waited for. */
function joinKnown(
  { action: known, collected }: Extract<Opening, { opened: false }>,
  { action, proposal }: { action: NewAction; proposal: Proposed },
  deps: WalkDeps,
): ActionAnswer | Promise<ActionAnswer> {
  if (proposal.idempotencyKey !== undefined && known.callDigest !== action.callDigest) throw mismatch(known.record.id);
  const answer = answerFrom(known);
  if (collected) return answer;
  const at = { tenant: known.tenant, id: known.record.id };
  return awaitEnd(at, { answer, proposal }, deps);
}

function describe(principal: Principal, proposal: Proposed, nowMs: number): NewAction {
  const argumentsDigest = digestJson(proposal.arguments);
  const { inputResponses, requestState } = proposal.protocol ?? {};
  const state =
    inputResponses === undefined && requestState === undefined
      ? null
      : digestJson([inputResponses ?? null, requestState ?? null]);
  return {
    id: newId("act", nowMs),
    tenant: principal.tenant,
    agent: principal.name,
    tool: proposal.tool,
    callDigest: digestJson([
      principal.name,
      proposal.tool,
      argumentsDigest,
      state,
      proposal.idempotencyKey ?? null,
      // The same words for another person are another wish, and have another answer.
      ...(principal.onBehalfOf ? [digestJson(principal.onBehalfOf)] : []),
    ]),
    idempotencyKey: proposal.idempotencyKey,
    arguments: proposal.arguments,
    argumentsDigest,
    run: proposal.run,
    confidence: proposal.confidence,
    rationale: proposal.rationale,
    protocol: proposal.protocol,
    onBehalfOf: principal.onBehalfOf,
  };
}

/** Holds the caller until the action has ended or its patience has: for people as long as it asked, for machines longer. */
async function awaitEnd(
  at: { readonly tenant: string; readonly id: ActionId },
  { answer, proposal }: { answer: ActionAnswer; proposal: Pick<Proposed, "waitMs" | "sink"> },
  deps: WalkDeps,
): Promise<ActionAnswer> {
  const began = deps.clock.monotonicMs();
  for (let latest = answer; ;) {
    if (isFinal(latest.status) || latest.status === "unknown") return latest;
    // Nobody listens any more: what comes of it is owed to whoever repeats the call.
    if (proposal.sink?.signal.aborted) {
      await deps.ledger.noteCallerGone(at).catch(() => undefined);
      return latest;
    }
    const patienceMs = latest.status === "waiting" ? (proposal.waitMs ?? 0) : joinWaitMs;
    const left = began + patienceMs - deps.clock.monotonicMs();
    if (left <= 0) return latest;
    const told = await deps.ends.next(at.tenant, at.id, Math.min(left, lookEveryMs));
    latest = told ?? (await lookAt(at, deps)) ?? latest;
  }
}

async function lookAt(
  { tenant, id }: { readonly tenant: string; readonly id: ActionId },
  deps: WalkDeps,
): Promise<ActionAnswer | undefined> {
  const stored = await deps.actions.read(tenant, id);
  return stored && answerFrom(stored);
}

export function answerFrom({ record }: StoredAction): ActionAnswer {
  const { id, status, decision, result, error, approval, heldBack, data, leftOut } = record;
  return {
    id,
    status,
    ...(decision ? { decision } : {}),
    ...(result === undefined ? {} : { result }),
    ...(error ? { error } : {}),
    ...(approval ? { approval } : {}),
    ...(heldBack ? { heldBack } : {}),
    ...(data ? { data } : {}),
    ...(leftOut === undefined ? {} : { leftOut }),
  };
}

function mismatch(id: ActionId): AirworthyError {
  return new AirworthyError("idempotency_mismatch", `This idempotency key belongs to ${id}, which has other content.`, {
    place: "idempotencyKey",
    fix: "Use a new key for a new action, and the same content for a repeat.",
  });
}
