/** The fenced steps of whoever carries a recall out: each write checks the epoch of the claim, and its lease is database time. */
import { type ActionId, AirworthyError, type RecallId, type RecallPlan, type RecallStatus } from "@airworthy/contract";

import { digestJson, sha256Hex } from "../kernel/canonical.ts";
import { newId } from "../kernel/ids.ts";
import type { RecallClaim, RecallStep, RecallWork, StepEnd, TakenBack } from "../kernel/recall-store.ts";
import { accountForRecall } from "./account-for-recall.ts";
import type { Database, Queryable } from "./database.ts";
import type { Draft } from "./ledger-chain.ts";
import type { LedgerWriter } from "./ledger-writer.ts";
import { itemColumns, type ItemRow, toStep } from "./recall-rows.ts";

const leaseMs = 15_000;
const settled = "('compensated', 'corrected', 'handled', 'left', 'not_begun')";

type Fenced = <T>(
  claim: RecallClaim,
  work: (tx: Queryable, status: RecallStatus) => Promise<{ drafts: readonly Draft[]; value: T }>,
) => Promise<T>;

export function createRecallWork(db: Database, writer: LedgerWriter): RecallWork {
  const fenced: Fenced = (claim, work) => writer.append(claim.tenant, async (tx) => work(tx, await holdOn(tx, claim)));
  return {
    claim: (limit) => claimRecalls(db, limit),
    renew: async (claim) => {
      await holdOn(db, claim);
    },
    release: async ({ tenant, id, epoch }, restMs) => {
      await db.query({
        text: `update recalls set lease_until = '-infinity',
                 look_at = case when look_at = '-infinity' then clock_timestamp() + $4 * interval '1 millisecond' else look_at end
               where tenant = $1 and id = $2 and epoch = $3`,
        values: [tenant, id, epoch, restMs],
      });
    },
    plan: async ({ tenant, id }) => {
      const [row] = await db.query<{ plan: string }>({
        text: "select plan from recalls where tenant = $1 and id = $2",
        values: [tenant, id],
      });
      return JSON.parse(row?.plan ?? "null") as RecallPlan;
    },
    answer: (claim, to) => answerRecall(fenced, claim, to),
    pause: (claim, reason) => pauseRecall(fenced, claim, reason),
    next: (claim) => nextStep(db, claim),
    passOver: (claim) => passOver(fenced, claim),
    underWay: async ({ tenant, id }) => {
      const rows = await db.query<ItemRow>({
        text: `select ${itemColumns} from recall_items i
               where i.tenant = $1 and i.recall = $2 and i.state in ('acting', 'waiting', 'unknown') order by i.position`,
        values: [tenant, id],
      });
      return rows.map(toStep);
    },
    takenBackBy: (claim, step) => findTakenBack(db, claim, step),
    begin: (claim, step, via) => beginStep(fenced, claim, { step, via }),
    conclude: (claim, end) => concludeStep(fenced, claim, end),
    giveUpRest: (claim) => giveUpRest(fenced, claim),
    account: (claim) => accountForRecall(db, claim),
    end: (claim, { note, endedAt }) =>
      fenced(claim, async (tx, status) => {
        await tx.query({
          text: `update recalls set receipt = $3, ended_at = $4, status = case when status = 'running' then 'done' else status end
                 where tenant = $1 and id = $2`,
          values: [claim.tenant, claim.id, note, endedAt],
        });
        const body = { recall: claim.id, status: status === "running" ? "done" : status, receipt: sha256Hex(note) };
        return { drafts: [{ kind: "recall_ended", body }], value: undefined };
      }),
  };
}

/** Extends the lease and tells where the recall stands; whoever no longer has it may write nothing. */
async function holdOn(tx: Queryable, { tenant, id, epoch }: RecallClaim): Promise<RecallStatus> {
  const [row] = await tx.query<{ status: RecallStatus }>({
    text: `update recalls set lease_until = clock_timestamp() + ${leaseMs} * interval '1 millisecond', updated_at = clock_timestamp()
           where tenant = $1 and id = $2 and epoch = $3 returning status`,
    values: [tenant, id, epoch],
  });
  if (row) return row.status;
  throw new AirworthyError("conflict", `Recall ${id} is carried out by another node now, or was moved by a person.`);
}

async function claimRecalls(db: Database, limit: number): Promise<RecallClaim[]> {
  return db.query<RecallClaim>({
    // A recall that waits for people is looked at when its approval is answered, or has run out.
    text: `update recalls r set epoch = r.epoch + 1, lease_until = clock_timestamp() + ${leaseMs} * interval '1 millisecond',
             look_at = '-infinity'
           from (select c.tenant, c.id from recalls c
                 where c.receipt is null and c.status in ('waiting', 'running', 'cancelled')
                   and c.lease_until < clock_timestamp() and c.look_at < clock_timestamp()
                   and (c.status <> 'waiting' or exists (
                     select 1 from approvals p where p.tenant = c.tenant and p.id = c.approval
                       and (p.status <> 'pending' or p.expires_at < clock_timestamp())))
                 order by c.tenant, c.id limit $1 for update skip locked) s
           where r.tenant = s.tenant and r.id = s.id
           returning r.tenant, r.id, r.epoch, r.status, r.started_by as "startedBy", r.approval, r.teams,
                     r.per_second as "perSecond"`,
    values: [limit],
  });
}

function answerRecall(fenced: Fenced, claim: RecallClaim, to: Parameters<RecallWork["answer"]>[1]): Promise<void> {
  const { tenant, id, approval } = claim;
  return fenced(claim, async (tx, status) => {
    if (status !== "waiting") return { drafts: [], value: undefined };
    await tx.query({
      text: `update recalls set status = $3, teams = $4, reason = $5,
               ended_at = case when $3 = 'running' then null else clock_timestamp() end
             where tenant = $1 and id = $2`,
      values: [tenant, id, to.status, to.teams, to.reason],
    });
    const left = { running: "consumed", stale: "stale", expired: "expired", rejected: "rejected" }[to.status];
    await tx.query({
      text: "update approvals set status = $3 where tenant = $1 and id = $2 and status in ('pending', 'approved')",
      values: [tenant, approval, left],
    });
    const body = { recall: id, from: "waiting", to: to.status, approval, teams: to.teams, reason: to.reason };
    return { drafts: [{ kind: "recall_moved", body }], value: undefined };
  });
}

function pauseRecall(fenced: Fenced, claim: RecallClaim, reason: string): Promise<void> {
  const { tenant, id } = claim;
  return fenced(claim, async (tx, status) => {
    if (status !== "running") return { drafts: [], value: undefined };
    await tx.query({
      text: "update recalls set status = 'paused', reason = $3 where tenant = $1 and id = $2",
      values: [tenant, id, reason],
    });
    const body = { recall: id, from: status, to: "paused", reason };
    return { drafts: [{ kind: "recall_moved", body }], value: undefined };
  });
}

async function nextStep(db: Database, { tenant, id, epoch }: RecallClaim): Promise<RecallStep | undefined> {
  const [row] = await db.query<ItemRow>({
    name: "recall-next",
    text: `select ${itemColumns} from recall_items i
           join recalls r on r.tenant = i.tenant and r.id = i.recall and r.status = 'running' and r.epoch = $3
           where i.tenant = $1 and i.recall = $2 and i.state = 'pending' and not exists (
             select 1 from recall_items n where n.tenant = $1 and n.recall = $2 and n.action = any(i.needs)
               and n.state not in ${settled})
             and not exists (
               select 1 from recall_items u where u.tenant = $1 and u.recall = $2 and u.state = 'acting')
             and not exists (
               select 1 from recall_items o where o.tenant = $1 and o.action = i.action and o.choice = i.choice
                 and o.recall <> $2 and o.attempt > 0 and o.state in ('acting', 'waiting', 'unknown'))
           order by i.position limit 1`,
    values: [tenant, id, epoch],
  });
  return row && toStep(row);
}

/** As many as the ledger takes in one entry; the rest has its turn next. */
const passedAtOnce = 1000;

function passOver(fenced: Fenced, claim: RecallClaim): Promise<void> {
  const { tenant, id } = claim;
  return fenced(claim, async (tx, status) => {
    if (status !== "running") return { drafts: [], value: undefined };
    const rows = await tx.query<{ action: string; state: string }>({
      text: `update recall_items i set state = case when i.grp = 'compensated' then 'compensated' else 'left' end,
               updated_at = clock_timestamp()
             from (select p.action from recall_items p
                   where p.tenant = $1 and p.recall = $2 and p.state = 'pending' and p.choice = 'leave' and not exists (
                     select 1 from recall_items n where n.tenant = $1 and n.recall = $2 and n.action = any(p.needs)
                       and n.state not in ${settled})
                   order by p.position limit ${passedAtOnce}) s
             where i.tenant = $1 and i.recall = $2 and i.action = s.action returning i.action, i.state`,
      values: [tenant, id],
    });
    if (rows.length === 0) return { drafts: [], value: undefined };
    const body = { recall: id, state: "left", actions: rows.map((row) => row.action) };
    return { drafts: [{ kind: "recall_item", body }], value: undefined };
  });
}

/** By the effect's own mark, by another recall that told its recipients, or by the very call that would take it back. */
async function findTakenBack(
  db: Database,
  { tenant, id }: RecallClaim,
  { action, choice, call }: RecallStep,
): Promise<TakenBack | undefined> {
  const [row] = await db.query<{ how: "done" | "doubtful" | "handled"; by: string }>({
    text: `select 'done' as how, e.compensated_by as by from effects e
           where $5 = 'compensate' and e.tenant = $1 and e.action = $3 and e.compensated_by is not null
           union all
           select 'handled', o.recall from recall_items o
           where o.tenant = $1 and o.action = $3 and o.choice = $5 and o.recall <> $2 and o.state = 'handled'
           union all
           select case when a.status = 'done' then 'done' else 'doubtful' end, o.via
           from recall_items o join actions a on a.tenant = o.tenant and a.id = o.via
           where o.tenant = $1 and o.action = $3 and o.choice = $5 and o.attempt > 0
             and a.status in ('done', 'running', 'waiting', 'unknown')
           union all
           (select 'done', a.id from actions a
            where $5 = 'compensate' and a.tenant = $1 and a.arguments_digest = $6 and a.tool = $4 and a.status = 'done'
              and a.entity is not null and a.id > $3 order by a.id limit 1)
           limit 1`,
    values: [tenant, id, action, call?.tool ?? "", choice, call ? digestJson(call.arguments) : ""],
  });
  if (!row) return undefined;
  return row.how === "handled" ? { handledIn: row.by as RecallId } : { how: row.how, by: row.by as ActionId };
}

function beginStep(
  fenced: Fenced,
  claim: RecallClaim,
  { step, via }: { readonly step: RecallStep; readonly via: ActionId },
): Promise<boolean> {
  return fenced(claim, async (tx, status) => {
    if (status !== "running") return { drafts: [], value: false };
    const rows = await tx.query({
      text: `update recall_items set state = 'acting', via = $4, attempt = attempt + 1, detail = null,
               updated_at = clock_timestamp()
             where tenant = $1 and recall = $2 and action = $3 and state = 'pending' returning action`,
      values: [claim.tenant, claim.id, step.action, via],
    });
    return { drafts: [], value: rows.length > 0 };
  });
}

function concludeStep(fenced: Fenced, claim: RecallClaim, end: StepEnd): Promise<void> {
  const { tenant, id } = claim;
  const { action, state, via, detail, task, elsewhere = false } = end;
  return fenced(claim, async (tx) => {
    const moved = await tx.query({
      text: `update recall_items set state = $4, via = coalesce($5, via), detail = $6,
               attempt = case when $7 then 0 else attempt end, updated_at = clock_timestamp()
             where tenant = $1 and recall = $2 and action = $3 and state not in ${settled} and state <> $4
             returning action`,
      values: [tenant, id, action, state, via, detail, elsewhere],
    });
    if (moved.length === 0) return { drafts: [], value: undefined };
    // What was doubtful has an end now, whoever found it out.
    await tx.query({
      text: `update recall_tasks set outcome = 'handled', resolved_by = 'recall', resolution = $4, resolved_at = clock_timestamp()
             where tenant = $1 and recall = $2 and action = $3 and outcome is null`,
      values: [tenant, id, action, detail ?? state],
    });
    const opened = task === undefined ? undefined : newId("tsk");
    if (opened !== undefined && task) {
      await tx.query({
        text: `insert into recall_tasks (tenant, id, recall, action, kind, owner, detail) values ($1, $2, $3, $4, $5, $6, $7)`,
        values: [tenant, opened, id, action, task.kind, task.owner, detail ?? ""],
      });
    }
    const body = { recall: id, action, state, via, detail, task: opened, owner: task?.owner };
    return { drafts: [{ kind: "recall_item", body }], value: undefined };
  });
}

function giveUpRest(fenced: Fenced, claim: RecallClaim): Promise<void> {
  const { tenant, id } = claim;
  return fenced(claim, async (tx, status) => {
    if (status !== "cancelled") return { drafts: [], value: undefined };
    await tx.query({
      text: `update recall_items set state = 'not_begun', updated_at = clock_timestamp()
             where tenant = $1 and recall = $2 and state in ('pending', 'failed', 'manual')`,
      values: [tenant, id],
    });
    await tx.query({
      text: `update recall_tasks set outcome = 'leave', resolved_by = 'recall', resolution = 'the recall was cancelled',
               resolved_at = clock_timestamp()
             where tenant = $1 and recall = $2 and outcome is null and kind <> 'unknown'`,
      values: [tenant, id],
    });
    return { drafts: [], value: undefined };
  });
}
