/** The end of a walk in one transaction: the action moves, its effect and budget settle once, its evidence is drafted. */
import { entityKeyOf, entityKeysOf, keyOf } from "../kernel/action-keys.ts";
import type { FinishedAction, Outcome } from "../kernel/action-walk.ts";
import { describeLineage, doneUnder } from "../kernel/lineage/describe-lineage.ts";
import type { LineageEntry } from "../kernel/lineage/lineage-entry.ts";
import { describeHandling } from "../kernel/classes/describe-handling.ts";
import type { Transaction } from "./database.ts";
import { isSettled, settleEffects } from "./effects.ts";
import type { EntityLocks } from "./entity-locks.ts";
import { computedOf, describeWalk, evidenceOf, viewsOf } from "./evidence.ts";
import type { Draft } from "./ledger-chain.ts";
import { insertLineage } from "./lineage-rows.ts";
import { insertObservations } from "./observations.ts";
import { insertReadings } from "./value-readings.ts";

export type FinishAnswer = { readonly finished: boolean; readonly draft: Draft | undefined };

/** Larger results of reads are answered and digested, not kept: the source has them. */
const keptReadBytes = 65_536;

export async function finishActions(
  tx: Transaction,
  tenant: string,
  { actions, entities }: { readonly actions: readonly FinishedAction[]; readonly entities: EntityLocks },
): Promise<FinishAnswer[]> {
  if (actions.length === 0) return [];
  const ids = await moveActions(tx, tenant, actions);
  const moved = actions.filter((action) => ids.has(action.id));
  if (moved.length > 0) await writeEnds(tx, tenant, { moved, entities });
  const written = moved.length < actions.length ? await findWritten(tx, tenant, actions) : new Set();
  return actions.map((action) =>
    ids.has(action.id)
      ? { finished: true, draft: describeEnd(action) }
      : { finished: written.has(action.id), draft: undefined },
  );
}

/** The business objects of an effect that may have been started; of one that was not there is nothing to end. */
function endedEntitiesOf(action: FinishedAction): readonly string[] {
  return action.permit && isSettled(action.outcome.status) ? entityKeysOf(action) : [];
}

/** Those, and the business objects of what was taken back. */
export function lockedAtEnd(action: FinishedAction): readonly string[] {
  return [...endedEntitiesOf(action), ...(action.recall?.entities ?? []).map(keyOf)];
}

/** What comes with the end of those that were moved. */
async function writeEnds(
  tx: Transaction,
  tenant: string,
  { moved, entities }: { readonly moved: readonly FinishedAction[]; readonly entities: EntityLocks },
): Promise<void> {
  const ends = moved.map((action) => ({
    action: action.id,
    state: action.outcome.status,
    entities: endedEntitiesOf(action),
    recall: action.recall,
  }));
  moveApprovals(tx, tenant, moved);
  insertObservations(
    tx,
    tenant,
    moved.flatMap(({ outcome }) => (outcome.status === "done" ? outcome.observations : [])),
  );
  insertReadings(
    tx,
    tenant,
    moved.flatMap(({ reading }) => (reading ? [reading] : [])),
  );
  insertLineage(tx, tenant, moved.flatMap(lineageOf));
  await settleEffects(tx, tenant, { ends, entities });
}

/** Of what ended. What waits for people has done nothing yet, and looks at everything afresh when it goes on. */
function lineageOf(action: FinishedAction): LineageEntry[] {
  const { id, tenant, agent, tool, run, context, outcome } = action;
  if (outcome.status === "waiting" || outcome.status === "conflict") return [];
  const ended = outcome.status === "done" || outcome.status === "unknown" ? outcome : undefined;
  const observations = outcome.status === "done" ? outcome.observations : [];
  const { facts, cited, factDigests, lineage, provenance } = context;
  const relied = { facts, cited, factDigests, lineage, provenance };
  const under = doneUnder(action);
  return [
    describeLineage({ id, tenant, agent, tool, run, ...relied, observations, written: ended?.written ?? [], under }),
  ];
}

/** Those whose walk has written its end already: the commit of an earlier try was not confirmed but had happened. */
async function findWritten(tx: Transaction, tenant: string, actions: readonly FinishedAction[]): Promise<Set<string>> {
  const rows = await tx.query<{ id: string; walk: number; status: string }>({
    text: "select id, walk, status from actions where tenant = $1 and id = any($2)",
    values: [tenant, actions.map((action) => action.id)],
  });
  const written = rows.filter((row) =>
    actions.some(({ id, walk, outcome }) => id === row.id && walk === row.walk && outcome.status === row.status),
  );
  return new Set(written.map((row) => row.id));
}

/** Moves those that are still this walk's own; the ids of what was moved. */
async function moveActions(tx: Transaction, tenant: string, actions: readonly FinishedAction[]): Promise<Set<string>> {
  const column = <T>(pick: (action: FinishedAction) => T): T[] => actions.map(pick);
  const rows = await tx.query<{ id: string }>({
    name: "finish-actions",
    text: `update actions a
           set status = r.status, entity = r.entity, approval = coalesce(r.approval, a.approval), record = r.record,
               result = r.result, updated_at = clock_timestamp(),
               owed = a.idempotency_key is null and r.final and (r.owed or a.approval is not null),
               walk_until = case when r.status = 'waiting' then clock_timestamp() + r.again_ms * interval '1 millisecond'
                                 else a.walk_until end
           from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[], $9::boolean[],
                       $10::int[], $11::float8[])
             as r(id, status, entity, approval, record, result, owed, final, walk, again_ms)
           where a.tenant = $1 and a.id = r.id and a.walk = r.walk and a.status = 'running'
           returning a.id`,
    values: [
      tenant,
      column((a) => a.id),
      column((a) => a.outcome.status),
      column((a) => entityKeyOf(a) ?? null),
      column((a) => approvalOf(a) ?? null),
      column((a) => JSON.stringify(recordOf(a))),
      column(keptResult),
      // Until the answer is known to have left, the proposer of a write is owed it: a repeat must collect, not repeat.
      column((a) => a.outcome.status === "done" && a.context.tool?.effect === "write"),
      column((a) => a.outcome.status !== "waiting" && a.outcome.status !== "unknown"),
      column((a) => a.walk),
      // Of what waits, the time before which nobody walks it again unasked.
      column(({ outcome }) => (outcome.status === "waiting" ? (outcome.againInMs ?? 0) : 0)),
    ],
  });
  return new Set(rows.map((row) => row.id));
}

/** What an operator sees of the action beside its row. */
function recordOf(action: FinishedAction): object {
  const { outcome } = action;
  const evidence = { ...evidenceOf(action), ...describeHandling(action.context, outcome) };
  if (outcome.status === "failed") {
    const { code, message, retryable } = outcome;
    return { ...evidence, error: { code, message, retryable } };
  }
  if (outcome.status === "done" && outcome.heldBack) return { ...evidence, heldBack: outcome.heldBack };
  if (outcome.status !== "unknown") return evidence;
  return { ...evidence, error: { code: "unknown", message: outcome.message, retryable: false } };
}

function approvalOf({ outcome, permit }: FinishedAction): string | undefined {
  return outcome.status === "waiting" ? outcome.approval : permit?.approval;
}

function keptResult(action: FinishedAction): string | null {
  const { outcome, context, idempotencyKey } = action;
  if ((outcome.status !== "done" && outcome.status !== "failed") || outcome.result === undefined) return null;
  const text = JSON.stringify(outcome.result);
  // By a key, or after a person's yes, somebody may come for it who cannot simply read again.
  const asked = idempotencyKey !== undefined || approvalOf(action) !== undefined;
  return context.tool?.effect === "read" && !asked && text.length > keptReadBytes ? null : text;
}

/** An approval that this walk did not end with no longer fits; a new one is asked for where the walk says so. */
function moveApprovals(tx: Transaction, tenant: string, actions: readonly FinishedAction[]): void {
  // On its first walk nobody can have been asked yet.
  const walkedBefore = actions.filter((action) => action.walk > 1);
  if (walkedBefore.length > 0) staleOthers(tx, tenant, walkedBefore);
  const asked = actions.flatMap((action) => {
    const { outcome } = action;
    return outcome.status === "waiting" && outcome.ask ? [{ action, id: outcome.approval, ask: outcome.ask }] : [];
  });
  if (asked.length === 0) return;
  tx.write({
    name: "ask-approvals",
    text: `insert into approvals (tenant, id, action, binding, status, shown, expires_at)
           select $1, id, action, binding, 'pending', shown, clock_timestamp() + ttl_ms * interval '1 millisecond'
           from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::float8[]) as r(id, action, binding, shown, ttl_ms)`,
    values: [
      tenant,
      asked.map(({ id }) => id),
      asked.map(({ action }) => action.id),
      asked.map(({ action }) => action.judgement.binding),
      asked.map(({ action }) => JSON.stringify(shownTo(action))),
      asked.map(({ ask }) => ask.expiresInMs),
    ],
  });
}

function staleOthers(tx: Transaction, tenant: string, actions: readonly FinishedAction[]): void {
  tx.write({
    name: "finish-approvals",
    text: `update approvals p set status = 'stale'
           from unnest($2::text[], $3::text[]) as r(action, kept)
           where p.tenant = $1 and p.action = r.action and p.id <> r.kept and p.status in ('pending', 'approved')`,
    values: [tenant, actions.map((action) => action.id), actions.map((action) => approvalOf(action) ?? "")],
  });
}

/** Everything needed to decide, on one page, as it was when the question was asked. */
function shownTo(action: FinishedAction): object {
  const { context, decision } = action;
  return {
    agent: action.agent,
    tool: action.tool,
    arguments: action.arguments,
    amount: context.amount,
    entity: context.entity,
    rationale: action.rationale,
    approvers: decision.approvers,
    reasons: decision.reasons,
    facts: context.facts,
    ...computedOf(action),
    ...(context.data.length > 0 ? { data: context.data } : {}),
    ...(context.provenance.length > 0 ? { provenance: context.provenance } : {}),
    ...(context.entities.length > 0 ? { entities: viewsOf(action) } : {}),
  };
}

function describeEnd(action: FinishedAction): Draft {
  const { context, outcome } = action;
  const entity = entityKeyOf(action);
  const status = outcome.status === "conflict" ? "running" : outcome.status;
  return {
    kind: status === "waiting" ? "waiting" : "finished",
    action: action.id,
    agent: action.agent,
    tool: action.tool,
    ...(entity === undefined ? {} : { entity }),
    status,
    cited: context.cited,
    body: {
      // What was started has its reasons in the "started" entry already.
      ...(action.permit ? { walk: action.walk } : describeWalk(action)),
      permit: action.permit?.id,
      approval: approvalOf(action),
      // The caller left before the end: it has heard nothing, and a repeat of its call will collect.
      ...(action.sink?.signal.aborted ? { callerGone: true } : {}),
      outcome: describeOutcome(outcome),
    },
  };
}

/** Results above the cap stand in the ledger as their size only; the working row keeps those of writes. */
const ledgerResultBytes = 16_384;

function describeOutcome(outcome: Outcome): object {
  if (outcome.status !== "done" && outcome.status !== "failed") return outcome;
  const text = JSON.stringify(outcome.result ?? null);
  const kept = text.length <= ledgerResultBytes ? { result: outcome.result } : { resultBytes: Buffer.byteLength(text) };
  const observations = outcome.status === "done" ? { observations: outcome.observations.length } : {};
  return { ...outcome, result: undefined, ...kept, ...observations };
}
