/** What people ask and decide about recalls: lists, items, tasks, going on, cancelling. */
import {
  AirworthyError,
  type Recall,
  type RecallId,
  recallItemTransitions,
  type RecallItemState,
  type RecallStatus,
  type RecallTask,
  recallTransitions,
  type TaskId,
} from "@airworthy/contract";

import type { RecallRecords } from "../kernel/recall-store.ts";
import type { Database, Queryable } from "./database.ts";
import type { LedgerWriter } from "./ledger-writer.ts";
import { openRecall } from "./open-recall.ts";
import {
  itemColumns,
  type ItemRow,
  type RecallRow,
  selectRecalls,
  selectTasks,
  type TaskRow,
  toProgress,
  toRecall,
  toTask,
} from "./recall-rows.ts";

export function createRecallRecords(db: Database, writer: LedgerWriter): RecallRecords {
  const read = async (tenant: string, id: RecallId): Promise<Recall | undefined> => {
    const [row] = await db.query<RecallRow>({
      text: `${selectRecalls} where r.tenant = $1 and r.id = $2`,
      values: [tenant, id],
    });
    return row && toRecall(row);
  };
  return {
    read,
    open: async (tenant, opening) => {
      await openRecall(writer, tenant, opening);
      return mustRead(await read(tenant, opening.plan.id), opening.plan.id);
    },
    list: async (tenant, { status, limit }) => {
      const rows = await db.query<RecallRow>({
        text: `${selectRecalls} where r.tenant = $1 and ($2::text is null or r.status = $2) order by r.id desc limit $3`,
        values: [tenant, status, limit],
      });
      return rows.map(toRecall);
    },
    items: async (tenant, id, { state, after, limit }) => {
      const rows = await db.query<ItemRow>({
        text: `select ${itemColumns} from recall_items i
               where i.tenant = $1 and i.recall = $2 and i.position > $3 and ($4::text is null or i.state = $4)
               order by i.position limit $5`,
        values: [tenant, id, after, state, limit],
      });
      return rows.map(toProgress);
    },
    receipt: async (tenant, id) => {
      const [row] = await db.query<{ receipt: string | null }>({
        text: "select receipt from recalls where tenant = $1 and id = $2",
        values: [tenant, id],
      });
      return row?.receipt ?? undefined;
    },
    move: async (tenant, id, to) => {
      await moveRecall(writer, tenant, { id, ...to });
      return mustRead(await read(tenant, id), id);
    },
    tasks: async (tenant, { recall, owner, open, limit }) => {
      const rows = await db.query<TaskRow>({
        text: `${selectTasks} where t.tenant = $1 and ($2::text is null or t.recall = $2)
                 and ($3::text is null or t.owner = $3) and (not $4 or t.outcome is null)
               order by t.opened_at, t.id limit $5`,
        values: [tenant, recall, owner, open, limit],
      });
      return rows.map(toTask);
    },
    resolve: (tenant, id, as) => resolveTask(writer, tenant, { id, ...as }),
  };
}

type Move = {
  readonly id: RecallId;
  readonly status: "running" | "cancelled";
  readonly by: string;
  readonly reason: string;
};

function moveRecall(writer: LedgerWriter, tenant: string, { id, status, by, reason }: Move): Promise<void> {
  return writer.append(tenant, async (tx) => {
    const [row] = await tx.query<{ status: RecallStatus; approval: string }>({
      text: "select status, approval from recalls where tenant = $1 and id = $2 for update",
      values: [tenant, id],
    });
    if (!row) throw noSuchRecall(id);
    // A recall begins with its approval alone; to resume is to go on after a pause.
    const legal = recallTransitions[row.status].includes(status) && (status === "cancelled" || row.status === "paused");
    if (!legal) throw wrongMoment(id, { was: row.status, to: status });
    // Whoever carries it out finds its epoch gone with the next write, and looks again.
    await tx.query({
      text: `update recalls set status = $3, reason = $4, epoch = epoch + 1, lease_until = '-infinity', look_at = '-infinity',
               updated_at = clock_timestamp()
             where tenant = $1 and id = $2`,
      values: [tenant, id, status, status === "cancelled" ? `${by}: ${reason}` : null],
    });
    if (row.status === "waiting") {
      await tx.query({
        text: "update approvals set status = 'stale' where tenant = $1 and id = $2 and status in ('pending', 'approved')",
        values: [tenant, row.approval],
      });
    }
    const body = { recall: id, from: row.status, to: status, by, reason };
    return { drafts: [{ kind: "recall_moved", body }], value: undefined };
  });
}

type Resolve = {
  readonly id: TaskId;
  readonly outcome: "handled" | "leave" | "retry";
  readonly by: string;
  readonly reason: string;
};
const stateAfter = { handled: "handled", leave: "left", retry: "pending" } as const satisfies Record<
  Resolve["outcome"],
  RecallItemState
>;

function resolveTask(writer: LedgerWriter, tenant: string, task: Resolve): Promise<RecallTask> {
  const { id, outcome, by, reason } = task;
  return writer.append(tenant, async (tx) => {
    const [found] = await tx.query<{ recall: string; action: string }>({
      text: "select recall, action from recall_tasks where tenant = $1 and id = $2",
      values: [tenant, id],
    });
    if (!found) throw noSuchTask(id);
    // In the order in which whoever carries it out locks: the recall, its action, the task.
    const [recall] = await tx.query<{ status: RecallStatus }>({
      text: "select status from recalls where tenant = $1 and id = $2 for update",
      values: [tenant, found.recall],
    });
    const [item] = await tx.query<{ state: RecallItemState; via: string | null }>({
      text: "select state, via from recall_items where tenant = $1 and recall = $2 and action = $3 for update",
      values: [tenant, found.recall, found.action],
    });
    const moved = await tx.query({
      text: `update recall_tasks set outcome = $3, resolved_by = $4, resolution = $5, resolved_at = clock_timestamp()
             where tenant = $1 and id = $2 and outcome is null returning id`,
      values: [tenant, id, outcome, by, reason],
    });
    if (moved.length === 0 || !recall || !item) throw resolvedBefore(id);
    refuseWrong(task, { recall: recall.status, item: item.state, via: item.via });
    await tx.query({
      text: `update recall_items set state = $4, detail = $5, by_name = $6, updated_at = clock_timestamp()
             where tenant = $1 and recall = $2 and action = $3`,
      values: [tenant, found.recall, found.action, stateAfter[outcome], reason, by],
    });
    await tx.query({
      text: "update recalls set look_at = '-infinity', updated_at = clock_timestamp() where tenant = $1 and id = $2",
      values: [tenant, found.recall],
    });
    const resolved = await readTask(tx, tenant, id);
    const body = { task: id, recall: found.recall, action: found.action, outcome, by, reason };
    return { drafts: [{ kind: "recall_task", body }], value: resolved };
  });
}

type Standing = { readonly recall: RecallStatus; readonly item: RecallItemState; readonly via: string | null };

function refuseWrong({ id, outcome }: Resolve, { recall, item, via }: Standing): void {
  if (outcome === "retry" && item === "unknown") {
    throw new AirworthyError("conflict", "Nobody knows whether it was taken back, so trying again may do it twice.", {
      place: "$.outcome",
      fix: `Say first what became of ${via ?? "it"}: airworthy actions resolve.`,
    });
  }
  if (outcome === "retry" && (item !== "failed" || recall === "cancelled")) {
    const why = recall === "cancelled" ? "its recall is cancelled" : `it is ${item}`;
    throw new AirworthyError("conflict", `Task ${id} cannot be tried again, because ${why}.`, {
      place: "$.outcome",
      fix: "Say handled or leave.",
    });
  }
  if (!recallItemTransitions[item].includes(stateAfter[outcome])) throw resolvedBefore(id);
}

async function readTask(tx: Queryable, tenant: string, id: TaskId): Promise<RecallTask> {
  const [row] = await tx.query<TaskRow>({
    text: `${selectTasks} where t.tenant = $1 and t.id = $2`,
    values: [tenant, id],
  });
  if (!row) throw noSuchTask(id);
  return toTask(row);
}

function mustRead(recall: Recall | undefined, id: RecallId): Recall {
  if (!recall) throw noSuchRecall(id);
  return recall;
}

function noSuchRecall(id: RecallId): AirworthyError {
  return new AirworthyError("not_found", `There is no recall ${id}.`, {
    place: "$.id",
    fix: "Take the id from GET /v1/recalls.",
  });
}

function noSuchTask(id: TaskId): AirworthyError {
  return new AirworthyError("not_found", `There is no task ${id}.`, {
    place: "$.id",
    fix: "Take the id from GET /v1/recall-tasks.",
  });
}

function resolvedBefore(id: TaskId): AirworthyError {
  return new AirworthyError("conflict", `Task ${id} was resolved before.`, { place: "$.id" });
}

function wrongMoment(id: RecallId, { was, to }: { was: RecallStatus; to: RecallStatus }): AirworthyError {
  const may = recallTransitions[was].join(" or ");
  const then = may === "" ? "it has ended" : `from there it goes to ${may}`;
  return new AirworthyError("conflict", `Recall ${id} is ${was} and cannot be made ${to}: ${then}.`, { place: "$.id" });
}
