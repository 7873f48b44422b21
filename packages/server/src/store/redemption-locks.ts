/** Locks the rows that a set of redemptions depends on besides their business objects, each table in sorted order, the control row last. */
import type { Json } from "@airworthy/contract";

import type { PermittedAction, PushableFact } from "../kernel/action-walk.ts";
import type { Claim } from "../kernel/overtakes.ts";
import type { Queryable } from "./database.ts";

export type Locks = {
  readonly actions: ReadonlyMap<string, { readonly walk: number; readonly status: string }>;
  /** Action id to the permit under which its effect was started. */
  readonly effects: Map<string, string>;
  readonly approvals: Map<string, { readonly status: string; readonly binding: string; readonly expiresMs: number }>;
  /** The recalls among those asked for that are being carried out. */
  readonly recalls: ReadonlySet<string>;
  /** By `pushedKeyOf`, what sources have pushed of the facts that these rest on. */
  readonly pushed: ReadonlyMap<string, Claim>;
  /** `name window` to used minor units. */
  readonly budgets: Map<string, number>;
  readonly epoch: number;
  /** Database time once every lock was held, epoch ms. */
  readonly nowMs: number;
};

export async function takeLocks(tx: Queryable, tenant: string, actions: readonly PermittedAction[]): Promise<Locks> {
  // Sent together, they wait for their locks in this order all the same.
  const [rows, approvals, recalls, budgets, pushed, control] = await Promise.all([
    lockActions(tx, tenant, actions),
    lockApprovals(tx, tenant, actions),
    lockRecalls(tx, tenant, actions),
    lockBudgets(tx, tenant, actions),
    lookAtPushed(tx, tenant, actions),
    lockControl(tx, tenant),
  ]);
  return {
    actions: new Map(rows.map((row) => [row.id, row])),
    effects: new Map(rows.flatMap((row) => (row.permit === null ? [] : [[row.id, row.permit]]))),
    approvals,
    recalls,
    budgets,
    pushed,
    epoch: control?.epoch ?? -1,
    nowMs: control?.now_ms ?? Infinity,
  };
}

type ActionLock = {
  readonly id: string;
  readonly walk: number;
  readonly status: string;
  readonly permit: string | null;
};

function lockActions(tx: Queryable, tenant: string, actions: readonly PermittedAction[]): Promise<ActionLock[]> {
  return tx.query<ActionLock>({
    name: "lock-actions",
    text: `select a.id, a.walk, a.status, e.permit from actions a left join effects e on e.tenant = a.tenant and e.action = a.id
           where a.tenant = $1 and a.id = any($2) order by a.id for update of a`,
    values: [tenant, actions.map((action) => action.id)],
  });
}

export const pushedKeyOf = ({ fact, key }: Pick<PushableFact, "fact" | "key">): string => JSON.stringify([fact, key]);

/** Not locked: what is committed after this look comes after "started". Nothing is asked where nothing can be pushed. */
async function lookAtPushed(
  tx: Queryable,
  tenant: string,
  actions: readonly PermittedAction[],
): Promise<Locks["pushed"]> {
  const facts = [...new Map(actions.flatMap(({ context }) => context.pushable.map((one) => [pushedKeyOf(one), one])))];
  if (facts.length === 0) return new Map();
  const rows = await tx.query<{ fact: string; key: string; value: string; as_of: number; is_stated: boolean }>({
    name: "look-at-pushed",
    text: `select p.fact, p.key, p.value, p.as_of is not null as is_stated,
                  extract(epoch from coalesce(p.as_of, p.received_at))::float8 * 1000 as as_of
           from unnest($2::text[], $3::text[]) as r(fact, key)
           join pushed_facts p on p.tenant = $1 and p.fact = r.fact and p.key = r.key`,
    values: [tenant, facts.map(([, { fact }]) => fact), facts.map(([, { key }]) => key)],
  });
  return new Map(
    rows.map((row) => [
      pushedKeyOf(row),
      { value: JSON.parse(row.value) as Json, asOf: row.as_of, isStated: row.is_stated },
    ]),
  );
}

type ControlLock = { readonly epoch: number; readonly now_ms: number };

async function lockControl(tx: Queryable, tenant: string): Promise<ControlLock | undefined> {
  const [control] = await tx.query<ControlLock>({
    name: "lock-control",
    // In one step the clock would be read before the lock is waited for, and facts that ran out meanwhile would pass.
    text: `with held as materialized (select epoch from control where tenant = $1 for share)
           select epoch, extract(epoch from clock_timestamp())::float8 * 1000 as now_ms from held`,
    values: [tenant],
  });
  return control;
}

async function lockApprovals(
  tx: Queryable,
  tenant: string,
  actions: readonly PermittedAction[],
): Promise<Locks["approvals"]> {
  const ids = actions.flatMap((action) => action.permit.approval ?? []);
  if (ids.length === 0) return new Map();
  const rows = await tx.query<{ id: string; status: string; binding: string; expires_ms: number }>({
    name: "lock-approvals",
    text: `select id, status, binding, extract(epoch from expires_at)::float8 * 1000 as expires_ms
           from approvals where tenant = $1 and id = any($2) order by id for update`,
    values: [tenant, ids],
  });
  return new Map(rows.map((row) => [row.id, { status: row.status, binding: row.binding, expiresMs: row.expires_ms }]));
}

/** Held until the commit: a recall that is paused or cancelled begins nothing after that. */
async function lockRecalls(
  tx: Queryable,
  tenant: string,
  actions: readonly PermittedAction[],
): Promise<Locks["recalls"]> {
  const ids = actions.flatMap(({ recall }) => recall?.recall ?? []);
  if (ids.length === 0) return new Set();
  const rows = await tx.query<{ id: string }>({
    name: "lock-recalls",
    text: "select id from recalls where tenant = $1 and id = any($2) and status = 'running' order by id for share",
    values: [tenant, ids],
  });
  return new Set(rows.map((row) => row.id));
}

async function lockBudgets(
  tx: Queryable,
  tenant: string,
  actions: readonly PermittedAction[],
): Promise<Locks["budgets"]> {
  const keys = new Map(
    actions.flatMap((action) =>
      action.step.budgets.map((budget) => [`${budget.name} ${budget.window}`, budget] as const),
    ),
  );
  if (keys.size === 0) return new Map();
  const sorted = [...keys.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, budget]) => budget);
  const values = [tenant, sorted.map((budget) => budget.name), sorted.map((budget) => budget.window)];
  const [, rows] = await Promise.all([
    tx.query({
      name: "make-budgets",
      text: `insert into budget_windows (tenant, budget, window_name)
             select $1, * from unnest($2::text[], $3::text[]) on conflict do nothing`,
      values,
    }),
    tx.query<{ budget: string; window_name: string; used_minor: number }>({
      name: "lock-budgets",
      text: `select budget, window_name, used_minor from budget_windows
             where tenant = $1 and (budget, window_name) in (select * from unnest($2::text[], $3::text[]))
             order by budget, window_name for update`,
      values,
    }),
  ]);
  return new Map(rows.map((row) => [`${row.budget} ${row.window_name}`, row.used_minor]));
}
