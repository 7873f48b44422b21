/** What becomes of actions that nobody walks any more: decided approvals are walked, interrupted effects are cleared up. */
import type { ActionRecord, Stop } from "@airworthy/contract";

import type { StartedEffect, StoredAction } from "../kernel/action-store.ts";
import type { Outcome } from "../kernel/action-walk.ts";
import type { ConnectorCall } from "../kernel/deps.ts";
import { durationMs } from "../kernel/duration.ts";
import { applies, entitiesOf } from "./3-checkpoint/checks.ts";
import { clearDoubt, lookForEffect } from "./5-execution/conclude.ts";
import { shieldOutcome } from "./5-execution/shield-outcome.ts";
import { factsHold } from "./facts-hold.ts";
import { claimedFrom, walkAction, type WalkDeps, walkWaiting } from "./walk.ts";

export type RecoverDeps = WalkDeps & {
  readonly expireApprovals: (tenant: string, id: StoredAction["record"]["id"]) => Promise<void>;
  readonly onFault: (error: unknown) => void;
};
type Settled = Extract<Outcome, { status: "done" | "failed" | "unknown" }>;

const batch = 20;
/** Recovery's own call must be over well before its claim runs out. */
const callTimeoutMaxMs = 10_000;

/** Walks actions whose approval was decided or ran out. Safe on every node at once; each action is claimed by one. */
export async function walkDecided(deps: RecoverDeps): Promise<void> {
  await each(await deps.actions.decided(batch), deps, async (at) => {
    await deps.expireApprovals(at.tenant, at.id);
    await walkWaiting(at, deps);
  });
}

/** Clears up actions whose walker went silent. Apart from the other, since a slow upstream may hold it up. */
export async function recoverInterrupted(deps: RecoverDeps): Promise<void> {
  await each(await deps.actions.claimInterrupted(batch), deps, (action) => recoverAction(action, deps));
}

async function each<T>(items: readonly T[], deps: RecoverDeps, work: (item: T) => Promise<void>): Promise<void> {
  await Promise.all(items.map((item) => work(item).catch(deps.onFault)));
}

async function recoverAction(action: StoredAction, deps: RecoverDeps): Promise<void> {
  const { tenant, walk, record } = action;
  const effect = await deps.actions.readEffect(tenant, record.id);
  if (!effect && (record.approval !== undefined || record.recall !== undefined)) {
    // It was promised to somebody that this waits for an answer, or will be taken back; so it goes on.
    await walkAction(claimedFrom(action), deps);
    return;
  }
  const outcome = effect
    ? await shieldSettled(await clearUp(action, effect, deps), { action, effect }, deps)
    : interrupted("It was interrupted before it began; nothing was done.");
  const reason = "the node that walked it went silent";
  await deps.actions.settle({ tenant, id: record.id, walk, from: "running", outcome, by: "recovery", reason });
  deps.ends.announce(tenant, record.id);
}

/** By what the upstream offers: the same key again, a look whether it happened, or honestly unknown. */
async function clearUp(action: StoredAction, effect: StartedEffect, deps: RecoverDeps): Promise<Settled> {
  const { tenant, record } = action;
  const snapshot = await deps.actions.readSnapshot(tenant, effect.snapshotVersion);
  const tool = snapshot.tools[effect.tool];
  if (!tool) return { status: "unknown", message: `${effect.tool} is not in snapshot ${effect.snapshotVersion}.` };
  if (tool.effect === "read") return interrupted("The read was interrupted; it changes nothing, so read again.");
  const { agent, arguments: args, onBehalfOf } = record;
  const { sent } = await deps.data.prepare({ tenant, snapshot, agent, tool, arguments: args, onBehalfOf });
  const call: ConnectorCall = {
    tenant,
    snapshot,
    tool,
    arguments: sent,
    idempotencyKey: effect.idempotencyKey,
    timeoutMs: Math.min(tool.timeoutMs, callTimeoutMaxMs),
    dispatchBeforeMonoMs: deps.clock.monotonicMs() + callTimeoutMaxMs,
    ...(action.protocol ? { protocol: action.protocol } : {}),
  };
  const why = "The effect was interrupted.";
  const { idempotency } = tool.definition;
  const kept = idempotency && deps.clock.now() < effect.startedAt + durationMs(idempotency.retention);
  const caller = { action: callerOf(action), mask: action.mask };
  if (!kept) return asSettled(await lookForEffect(caller, { why, attempted: false }, { call, deps }));
  // A repeat may be what makes it happen, and that is no longer wanted.
  const stop = await stopOver(record, tenant, deps);
  if (stop) {
    const stopped = `${why} It is not repeated, because ${stop.by} stopped it (${stop.id}): ${stop.reason}.`;
    return asSettled(await lookForEffect(caller, { why: stopped, attempted: false }, { call, deps }));
  }
  // The facts it was judged on have aged since; on others it must not happen now for the first time.
  if (!(await factsHold(action, { tool, view: await deps.control.view(tenant) }, deps))) {
    const changed = `${why} It is not repeated, because what it rests on could not be confirmed.`;
    return asSettled(await lookForEffect(caller, { why: changed, attempted: false }, { call, deps }));
  }
  return asSettled(await clearDoubt(caller, why, { call, deps }));
}

/** Recovery's answer is told to the agent as well. */
async function shieldSettled(
  outcome: Settled,
  { action, effect }: { readonly action: StoredAction; readonly effect: StartedEffect },
  deps: RecoverDeps,
): Promise<Settled> {
  const { tenant, record } = action;
  const snapshot = await deps.actions.readSnapshot(tenant, effect.snapshotVersion);
  const tool = snapshot.tools[effect.tool];
  if (!tool) return outcome;
  return asSettled(await shieldOutcome(outcome, { tenant, snapshot, agent: record.agent, tool }, deps));
}

async function stopOver(
  { agent, tool, entity, touches, recall }: ActionRecord,
  tenant: string,
  deps: RecoverDeps,
): Promise<Stop | undefined> {
  await deps.control.refresh(tenant);
  const { stops } = await deps.control.view(tenant);
  const entities = entitiesOf({ entity, touches, recall });
  return stops.find((stop) => applies(stop, { agent, tool, effect: "write", entities }));
}

function callerOf({ tenant, record }: StoredAction) {
  return { id: record.id, tenant, agent: record.agent, run: record.run };
}

function asSettled(outcome: Outcome): Settled {
  if (outcome.status === "done" || outcome.status === "failed" || outcome.status === "unknown") return outcome;
  return { status: "unknown", message: `Recovery ended as ${outcome.status}.` };
}

function interrupted(message: string): Settled {
  return { status: "failed", code: "interrupted", message, retryable: true };
}
