/** Lineage as it is read back: found by handle, by fact, by time; everything of one moment. */
import type { ActionId, ActionRecord, ActionStatus, Json } from "@airworthy/contract";

import { handleOf } from "../kernel/lineage/handle.ts";
import type { LineageNode } from "../kernel/lineage/lineage-entry.ts";
import type { LineageReader, LineageStore, RecalledAction } from "../kernel/lineage/lineage-reader.ts";
import { shortDigest } from "../kernel/lineage/short-digest.ts";
import { type ActionRow, actionColumns, toStoredAction } from "./action-rows.ts";
import type { Database, Queryable } from "./database.ts";
import { lineageColumns, type LineageRow, toLineageNode } from "./lineage-rows.ts";
import { createSights } from "./lineage-sights.ts";

/** Long plans read much; a single statement of one still is short. */
const answerWithinMs = 30_000;
/** So many keys a statement: each is one descent of an index. */
const keysAtOnce = 500;
/** So many statements on their way: the store works on the next while one answer is read, and none waits long for its turn. */
const statementsAtOnce = 4;

export function createLineageStore(
  db: Database,
  digest: (tenant: string, value: Json) => Promise<string>,
): LineageStore {
  return {
    read: (tenant, work) =>
      db.transaction(async (tx) => {
        await tx.query({ text: "set transaction isolation level repeatable read, read only" });
        await tx.query({ text: `set local statement_timeout = ${answerWithinMs}` });
        // What is compiled for such short statements costs more than it saves.
        await tx.query({ text: "set local jit = off" });
        return work(createReader(tx, tenant, async (value) => shortDigest(await digest(tenant, value))));
      }),
  };
}

function createReader(tx: Queryable, tenant: string, digest: LineageReader["digest"]): LineageReader {
  const ask = <R>(text: string, values: readonly unknown[]): Promise<R[]> =>
    tx.query<R>({ text, values: [tenant, ...values], answerWithinMs });
  const nodesWhere = async (where: string, values: readonly unknown[]): Promise<LineageNode[]> =>
    (await ask<LineageRow>(`select ${lineageColumns} from ${where}`, values)).map(toLineageNode);
  /** One descent for each handle: asked for all of them at once, the planner would rather read the whole table. */
  const byHandles = async (handles: readonly string[]): Promise<LineageNode[]> => {
    const found = await inParts(handles, (part) =>
      nodesWhere("unnest($2::bigint[]) h join lineage l on l.tenant = $1 and l.handles @> array[h]", [part]),
    );
    return [...new Map(found.map((node) => [node.action, node])).values()];
  };
  return {
    digest,
    found: (kind, name, { between, limit }) =>
      nodesWhere(
        `lineage l where l.tenant = $1 and l.handles @> array[$2::bigint] and ${endedBetween} order by l.ended_at desc limit $5`,
        [handleOf(tenant, kind, name), between.sinceMs ?? null, between.untilMs ?? null, limit],
      ),
    endedBetween: (between, limit) =>
      nodesWhere(
        `lineage l where l.tenant = $1 and $2::text is null and ${endedBetween} order by l.ended_at desc limit $5`,
        [null, between.sinceMs ?? null, between.untilMs ?? null, limit],
      ),
    nodes: (actions) =>
      inParts(actions, (part) => nodesWhere("lineage l where l.tenant = $1 and l.action = any($2)", [part])),
    citing: async (actions) => {
      const asked = new Set<string>(actions);
      const nodes = await byHandles(actions.map((action) => handleOf(tenant, "cites", action)));
      return nodes.filter(({ cites }) => cites.some(({ from }) => asked.has(from)));
    },
    writing: async (cited) => {
      const asked = new Set<string>(cited);
      const nodes = await byHandles(cited.map((one) => handleOf(tenant, "wrote", one)));
      return nodes.filter(({ wrote }) => wrote.some((fact) => asked.has(fact.cited)));
    },
    ...createSights(ask),
    statuses: async (actions) => {
      const rows = await inParts(actions, (part) =>
        ask<{ id: ActionId; status: ActionStatus }>(
          "select id, status from actions where tenant = $1 and id = any($2)",
          [part],
        ),
      );
      return new Map(rows.map(({ id, status }) => [id, status]));
    },
    approvedBy: async (person, limit) => {
      const rows = await ask<{ action: ActionId }>(
        `select distinct p.action from sign_offs s join approvals p on p.tenant = s.tenant and p.id = s.approval
         where s.tenant = $1 and s.by_name = $2 and s.verdict = 'approve' and p.status = 'consumed' limit $3`,
        [person, limit],
      );
      return rows.map(({ action }) => action);
    },
    describe: (actions) => inParts(actions, (part) => describeActions(ask, part)),
    touching: (entities, by) => findTouching(ask, entities, by),
  };
}

const endedBetween = `($3::float8 is null or l.ended_at >= to_timestamp($3::float8 / 1000))
  and ($4::float8 is null or l.ended_at < to_timestamp($4::float8 / 1000))`;

export type Ask = <R>(text: string, values: readonly unknown[]) => Promise<R[]>;

async function inParts<K, R>(keys: readonly K[], ask: (part: readonly K[]) => Promise<R[]>): Promise<R[]> {
  const rows: R[] = [];
  for (let from = 0; from < keys.length; from += statementsAtOnce * keysAtOnce) {
    const parts = Array.from({ length: statementsAtOnce }, (_, at) => {
      const start = from + at * keysAtOnce;
      return keys.slice(start, start + keysAtOnce);
    }).filter(({ length }) => length > 0);
    // oxlint-disable-next-line no-await-in-loop -- a few at a time
    for (const answer of await Promise.all(parts.map(ask))) for (const row of answer) rows.push(row);
  }
  return rows;
}

type EffectRow = {
  readonly effect_state: string | null;
  readonly snapshot_version: number | null;
  readonly compensated_by: string | null;
};

async function describeActions(ask: Ask, actions: readonly ActionId[]): Promise<RecalledAction[]> {
  const rows = await ask<ActionRow & EffectRow & { readonly signed: readonly string[] }>(
    `select ${actionColumns}, e.effect_state, e.snapshot_version, e.compensated_by,
            array(select s.by_name from sign_offs s
                  where s.tenant = $1 and s.approval = actions.approval and s.verdict = 'approve' order by 1) as signed
     from actions left join (select action, state as effect_state, snapshot_version, compensated_by from effects where tenant = $1) e
       on e.action = actions.id
     where actions.tenant = $1 and actions.id = any($2)`,
    [actions],
  );
  return rows.map((row) => ({
    ...recordedOf(row),
    effect:
      row.effect_state === null || row.snapshot_version === null
        ? undefined
        : {
            state: row.effect_state,
            snapshotVersion: row.snapshot_version,
            compensated: row.compensated_by !== null,
          },
    approvers: row.signed,
  }));
}

function recordedOf(row: ActionRow): Pick<RecalledAction, "record" | "mask"> {
  const { record, mask } = toStoredAction(row);
  return { record, mask };
}

async function findTouching(
  ask: Ask,
  entities: readonly string[],
  { except, limit }: { readonly except: readonly ActionId[]; readonly limit: number },
): Promise<{ count: number; latest: ActionRecord[] }> {
  if (entities.length === 0) return { count: 0, latest: [] };
  const others = `from actions
                  where actions.tenant = $1 and actions.entity = any($2) and actions.id <> all($3)
                    and exists (select 1 from effects e where e.tenant = $1 and e.action = actions.id
                                  and e.state in ('started', 'done', 'unknown'))`;
  const [row] = await ask<{ count: number }>(`select count(*)::int as count ${others}`, [entities, except]);
  const rows = await ask<ActionRow>(
    `select ${actionColumns} ${others} order by actions.updated_at desc, actions.id desc limit $4`,
    [entities, except, limit],
  );
  return { count: row?.count ?? 0, latest: rows.map((one) => toStoredAction(one).record) };
}
