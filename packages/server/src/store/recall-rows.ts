/** The rows of recalls, their actions and tasks, and what people read of them. */
import type {
  ActionId,
  ApprovalId,
  JsonObject,
  Recall,
  RecallChoice,
  RecallGroup,
  RecallId,
  RecallItemState,
  RecallPlan,
  RecallProgress,
  RecallStatus,
  RecallTask,
  RecallTaskKind,
  RecallTaskOutcome,
  TaskId,
} from "@airworthy/contract";

import type { RecallStep } from "../kernel/recall-store.ts";

/** What lists show of a plan. */
export type RecallHead = Pick<RecallPlan, "selector" | "groups" | "digest">;

export type RecallRow = {
  readonly id: string;
  readonly status: string;
  readonly reason: string | null;
  readonly head: string;
  readonly made_by: string;
  readonly started_by: string;
  readonly approval: string;
  readonly per_second: number;
  readonly sealed: boolean;
  readonly started_at: Date;
  readonly updated_at: Date;
  readonly ended_at: Date | null;
  readonly counts: Readonly<Record<string, number>> | null;
  readonly open_tasks: number;
};

export const selectRecalls = `select r.id, r.status, r.reason, r.head, r.made_by, r.started_by, r.approval, r.per_second,
    r.receipt is not null as sealed, r.started_at, r.updated_at, r.ended_at,
    (select json_object_agg(c.state, c.n) from (select state, count(*)::int as n from recall_items i
       where i.tenant = r.tenant and i.recall = r.id group by state) c) as counts,
    (select count(*)::int from recall_tasks t where t.tenant = r.tenant and t.recall = r.id and t.outcome is null) as open_tasks
  from recalls r`;

export function toRecall(row: RecallRow): Recall {
  const { selector, groups, digest } = JSON.parse(row.head) as RecallHead;
  const counts = row.counts ?? {};
  return {
    id: row.id as RecallId,
    status: row.status as RecallStatus,
    ...(row.reason === null ? {} : { reason: row.reason }),
    selector,
    planDigest: digest,
    madeBy: row.made_by,
    startedBy: row.started_by,
    startedAt: row.started_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    ...(row.ended_at ? { endedAt: row.ended_at.toISOString() } : {}),
    approval: row.approval as ApprovalId,
    groups,
    total: Object.values(counts).reduce((sum, count) => sum + count, 0),
    counts,
    openTasks: row.open_tasks,
    perSecond: row.per_second,
    receipt: row.sealed,
  };
}

export type ItemRow = {
  readonly action: string;
  readonly agent: string;
  readonly tool: string;
  readonly entity: string | null;
  readonly amount: string | null;
  readonly grp: string;
  readonly choice: string;
  readonly position: number;
  readonly state: string;
  readonly via: string | null;
  readonly detail: string | null;
  readonly by_name: string | null;
  readonly call_tool: string | null;
  readonly call_digest: string | null;
  readonly call_args: string | null;
  readonly call_missing: string | null;
  readonly restores: boolean;
};

export const itemColumns = `i.action, i.agent, i.tool, i.entity, i.amount, i.grp, i.choice, i.position, i.state, i.via,
  i.detail, i.by_name, i.call_tool, i.call_digest, i.call_args, i.call_missing, i.restores`;

type Subject = Pick<ItemRow, "agent" | "tool" | "entity" | "amount">;

function subjectOf({ agent, tool, entity, amount }: Subject): Pick<RecallTask, "agent" | "tool" | "entity" | "amount"> {
  return {
    agent,
    tool,
    ...(entity === null ? {} : { entity: JSON.parse(entity) as NonNullable<RecallTask["entity"]> }),
    ...(amount === null ? {} : { amount: JSON.parse(amount) as NonNullable<RecallTask["amount"]> }),
  };
}

export function toProgress(row: ItemRow): RecallProgress {
  return {
    action: row.action as ActionId,
    ...subjectOf(row),
    group: row.grp as RecallGroup,
    choice: row.choice as RecallChoice,
    order: row.position,
    state: row.state as RecallItemState,
    ...(row.via === null ? {} : { via: row.via as ActionId }),
    ...(row.detail === null ? {} : { detail: row.detail }),
  };
}

export function toStep(row: ItemRow): RecallStep {
  const { action, agent, tool, entity, choice, state, via } = row;
  const has = row.call_tool !== null && row.call_digest !== null && row.call_args !== null;
  return {
    action: action as ActionId,
    agent,
    tool,
    entity: entity === null ? undefined : (JSON.parse(entity) as RecallStep["entity"]),
    choice: choice as RecallChoice,
    state: state as RecallItemState,
    via: via === null ? undefined : (via as ActionId),
    call: has
      ? {
          tool: row.call_tool ?? "",
          digest: row.call_digest ?? "",
          arguments: JSON.parse(row.call_args ?? "{}") as JsonObject,
        }
      : undefined,
    restoresBudget: row.restores,
    missing: row.call_missing ?? undefined,
  };
}

export type TaskRow = Subject & {
  readonly id: string;
  readonly recall: string;
  readonly action: string;
  readonly kind: string;
  readonly owner: string;
  readonly detail: string;
  readonly opened_at: Date;
  readonly outcome: string | null;
  readonly resolved_by: string | null;
  readonly resolution: string | null;
  readonly resolved_at: Date | null;
};

export const selectTasks = `select t.id, t.recall, t.action, t.kind, t.owner, t.detail, t.opened_at, t.outcome, t.resolved_by,
    t.resolution, t.resolved_at, i.agent, i.tool, i.entity, i.amount
  from recall_tasks t join recall_items i on i.tenant = t.tenant and i.recall = t.recall and i.action = t.action`;

export function toTask(row: TaskRow): RecallTask {
  const { outcome, resolved_by: by, resolution: reason, resolved_at: at } = row;
  return {
    id: row.id as TaskId,
    recall: row.recall as RecallId,
    action: row.action as ActionId,
    kind: row.kind as RecallTaskKind,
    ...subjectOf(row),
    owner: row.owner,
    detail: row.detail,
    openedAt: row.opened_at.toISOString(),
    ...(outcome !== null && by !== null && reason !== null && at !== null
      ? { resolution: { outcome: outcome as RecallTaskOutcome, by, reason, at: at.toISOString() } }
      : {}),
  };
}
