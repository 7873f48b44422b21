/**
 * Redemption: the last look before an effect, by database time, under locks taken in one order (entities, actions,
 * approvals, recalls, budgets, control). Winners get their "started" entry and effect row; losers walk again.
 */
import { entityKeyOf, entityKeysOf, idempotencyKeyOf } from "../kernel/action-keys.ts";
import type { Conflict, PermittedAction } from "../kernel/action-walk.ts";
import type { Redemption } from "../kernel/deps.ts";
import { dispatchWindowMs, effectLeaseMs } from "../kernel/effect-lease.ts";
import { overtakes } from "../kernel/overtakes.ts";
import type { Transaction } from "./database.ts";
import { describeWalk, evidenceOf, groundsOf } from "./evidence.ts";
import type { Draft } from "./ledger-chain.ts";
import { effectOn } from "./effect-on.ts";
import type { EntityLocks } from "./entity-locks.ts";
import { type Locks, pushedKeyOf, takeLocks } from "./redemption-locks.ts";

export type RedeemRequest = { readonly action: PermittedAction; readonly askedMonoMs: number };
export type RedeemAnswer = { readonly redemption: Redemption; readonly draft: Draft | undefined };

export async function redeemPermits(
  tx: Transaction,
  tenant: string,
  { requests, entities }: { readonly requests: readonly RedeemRequest[]; readonly entities: EntityLocks },
): Promise<RedeemAnswer[]> {
  if (requests.length === 0) return [];
  const others = await takeLocks(
    tx,
    tenant,
    requests.map((request) => request.action),
  );
  const locks = { ...others, entities };
  // In order of id, each seeing what those before it took: within a batch as between batches, one winner an entity version.
  const answers = new Map<string, RedeemAnswer>();
  const winners: PermittedAction[] = [];
  for (const request of requests.toSorted((a, b) => (a.action.id < b.action.id ? -1 : 1))) {
    const answer = redeemOne(request, locks);
    if (answer.draft) winners.push(request.action);
    answers.set(request.action.id, answer);
  }
  if (winners.length > 0) writeWinners(tx, tenant, winners);
  return requests.map((request) => answers.get(request.action.id) ?? lost("claim"));
}

type AllLocks = Locks & { readonly entities: EntityLocks };

function redeemOne({ action, askedMonoMs }: RedeemRequest, locks: AllLocks): RedeemAnswer {
  const redemption: Redemption = {
    redeemed: true,
    dispatchBeforeMonoMs: askedMonoMs + dispatchWindowMs,
    idempotencyKey: idempotencyKeyOf(action),
  };
  // The commit of an earlier try was not confirmed but had happened: this very permit is redeemed already.
  if (locks.effects.get(action.id) === action.permit.id) return { redemption, draft: undefined };
  const conflict = findConflict(action, locks);
  if (conflict) return lost(conflict);
  claim(action, locks);
  return { redemption, draft: startedEntry(action) };
}

/** The first thing that is no longer as it was judged. */
function findConflict(action: PermittedAction, locks: AllLocks): Conflict | undefined {
  if (!isStillOurs(action, locks)) return "claim";
  if (locks.epoch !== action.view.epoch) return "control";
  if ((action.context.factsFreshUntil ?? Infinity) < locks.nowMs) return "facts";
  if (isOvertaken(action, locks)) return "facts";
  if (!isStillApproved(action, locks)) return "approval";
  if (action.recall && !locks.recalls.has(action.recall.recall)) return "control";
  if (!areAsJudged(action, locks.entities)) return "entity";
  const overdrawn = action.step.budgets.some(
    (budget) => (locks.budgets.get(`${budget.name} ${budget.window}`) ?? 0) + minorOf(action) > budget.limitMinor,
  );
  return overdrawn ? "budget" : undefined;
}

/** Nobody has acted upon any of its business objects since they were looked at, and nobody is acting now. */
function areAsJudged({ context }: PermittedAction, entities: EntityLocks): boolean {
  return context.entities.every(({ key, version }) => {
    const held = entities.get(key);
    return held.version === version && held.holder === null;
  });
}

/** A source has pushed something else of a fact since it was looked at. */
function isOvertaken({ context }: PermittedAction, { pushed }: Locks): boolean {
  return context.pushable.some((judged) => {
    const now = pushed.get(pushedKeyOf(judged));
    return now !== undefined && overtakes(now, judged) !== undefined;
  });
}

function isStillOurs(action: PermittedAction, locks: Locks): boolean {
  const row = locks.actions.get(action.id);
  return row?.walk === action.walk && row.status === "running" && !locks.effects.has(action.id);
}

/** True as well for what needed no approval. */
function isStillApproved({ permit }: PermittedAction, locks: Locks): boolean {
  if (permit.approval === undefined) return true;
  const held = locks.approvals.get(permit.approval);
  return held?.status === "approved" && held.binding === permit.binding && held.expiresMs > locks.nowMs;
}

/** Takes what the winner uses, so that the next in line sees it taken. */
function claim(action: PermittedAction, locks: AllLocks): void {
  locks.effects.set(action.id, action.permit.id);
  const { approval } = action.permit;
  const held = approval === undefined ? undefined : locks.approvals.get(approval);
  if (approval !== undefined && held) locks.approvals.set(approval, { ...held, status: "consumed" });
  for (const key of entityKeysOf(action))
    locks.entities.begin(key, effectOn(key, action, locks.nowMs), { holder: action.id });
  for (const budget of action.step.budgets) {
    const key = `${budget.name} ${budget.window}`;
    locks.budgets.set(key, (locks.budgets.get(key) ?? 0) + minorOf(action));
  }
}

function writeWinners(tx: Transaction, tenant: string, winners: readonly PermittedAction[]): void {
  startEffects(tx, tenant, winners);
  consumeApprovals(tx, tenant, winners);
  reserve(tx, tenant, winners);
}

function startEffects(tx: Transaction, tenant: string, winners: readonly PermittedAction[]): void {
  const column = <T>(pick: (action: PermittedAction) => T): T[] => winners.map(pick);
  tx.write({
    name: "redeem-effects",
    text: `with rows as (
             select * from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::float8[],
                                  $9::text[])
               as r(action, tool, connector, permit, idempotency_key, snapshot_version, lease_ms, record)),
           effects as (
             insert into effects (tenant, action, tool, connector, permit, state, idempotency_key, snapshot_version)
             select $1, action, tool, connector, permit, 'started', idempotency_key, snapshot_version from rows)
           update actions a
           set record = r.record, walk_until = clock_timestamp() + r.lease_ms * interval '1 millisecond'
           from rows r where a.tenant = $1 and a.id = r.action`,
    values: [
      tenant,
      column((a) => a.id),
      column((a) => a.tool),
      column((a) => a.context.tool?.connector ?? ""),
      column((a) => a.permit.id),
      column(idempotencyKeyOf),
      column((a) => a.view.snapshot.version),
      column((a) => (a.context.tool ? effectLeaseMs(a.context.tool, a.view.snapshot) : 0)),
      column((a) => JSON.stringify({ ...evidenceOf(a), grounds: groundsOf(a) })),
    ],
  });
}

function consumeApprovals(tx: Transaction, tenant: string, winners: readonly PermittedAction[]): void {
  const approvals = winners.flatMap((action) => action.permit.approval ?? []);
  if (approvals.length === 0) return;
  tx.write({
    text: "update approvals set status = 'consumed' where tenant = $1 and id = any($2)",
    values: [tenant, approvals],
  });
}

/** Each reservation is a row keyed by action, so that it is settled once however often its end is told. */
function reserve(tx: Transaction, tenant: string, winners: readonly PermittedAction[]): void {
  const uses = winners.flatMap((action) =>
    action.step.budgets.map(({ name, window }) => ({ action: action.id, name, window, minor: minorOf(action) })),
  );
  if (uses.length === 0) return;
  tx.write({
    name: "redeem-budgets",
    text: `with rows as (
             select * from unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) as r(action, budget, window_name, minor)),
           held as (
             insert into reservations (tenant, action, budget, window_name, minor, state)
             select $1, action, budget, window_name, minor, 'held' from rows)
           update budget_windows b set used_minor = used_minor + s.minor
           from (select budget, window_name, sum(minor)::bigint as minor from rows group by 1, 2) s
           where b.tenant = $1 and b.budget = s.budget and b.window_name = s.window_name`,
    values: [
      tenant,
      uses.map((u) => u.action),
      uses.map((u) => u.name),
      uses.map((u) => u.window),
      uses.map((u) => u.minor),
    ],
  });
}

function startedEntry(action: PermittedAction): Draft {
  const entity = entityKeyOf(action);
  return {
    kind: "started",
    action: action.id,
    agent: action.agent,
    tool: action.tool,
    ...(entity === undefined ? {} : { entity }),
    status: "running",
    cited: action.context.cited,
    body: {
      ...describeWalk(action),
      epoch: action.view.epoch,
      permit: action.permit.id,
      approval: action.permit.approval,
      idempotencyKey: idempotencyKeyOf(action),
      budgets: action.step.budgets.map(({ name, window }) => ({ name, window, minor: minorOf(action) })),
    },
  };
}

const minorOf = (action: PermittedAction): number => action.context.amount?.minor ?? 0;
const lost = (conflict: Conflict): RedeemAnswer => ({ redemption: { redeemed: false, conflict }, draft: undefined });
