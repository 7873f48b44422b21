/** Actions in the store: opened once for identical calls, claimed by epoch, read back. */
import type { ActionId } from "@airworthy/contract";

import type { ActionStore, NewAction, Opening, StartedEffect } from "../kernel/action-store.ts";
import type { Database, Queryable } from "./database.ts";
import { type ActionRow, actionColumns, toStoredAction } from "./action-rows.ts";
import { recoveryLeaseMs, walkLeaseMs } from "../kernel/effect-lease.ts";
import type { LedgerWriter } from "./ledger-writer.ts";
import { settleAction } from "./settle-action.ts";
import { readSnapshot } from "./snapshots.ts";
import { createValues } from "./value-index.ts";

/** How long the end of an action waits for its proposer to ask again. */
const owedForMs = 24 * 3_600_000;

export function createActionStore(db: Database, writer: LedgerWriter): ActionStore {
  const deliveries = createDeliveries(db.soft);
  const values = createValues(db);
  return {
    open: (action) => openAction(db, action, deliveries),
    ...reading(db),
    ...claiming(db),
    markDelivered: deliveries.mark,
    settle: (settlement) => settleAction(writer, settlement, values),
  };
}

function reading(db: Database): Pick<ActionStore, "read" | "list" | "readEffect" | "readSnapshot"> {
  return {
    read: async (tenant, id) => {
      const [row] = await db.query<ActionRow>({
        name: "action-read",
        text: `select ${actionColumns} from actions where tenant = $1 and id = $2`,
        values: [tenant, id],
      });
      return row && toStoredAction(row);
    },
    list: async (tenant, filter) => {
      const rows = await db.query<ActionRow>({
        text: `select ${actionColumns} from actions
               where tenant = $1 and ($2::text is null or agent = $2) and ($3::text is null or tool = $3)
                 and ($4::text is null or status = $4) and ($5::text is null or entity = $5)
                 and ($6::text is null or id < $6)
               order by id desc limit $7`,
        values: [tenant, filter.agent, filter.tool, filter.status, filter.entity, filter.before, filter.limit],
      });
      return rows.map(toStoredAction);
    },
    readEffect: async (tenant, id) => {
      const [row] = await db.query<StartedEffect>({
        text: `select tool, state, idempotency_key as "idempotencyKey", snapshot_version as "snapshotVersion",
                      extract(epoch from started_at)::float8 * 1000 as "startedAt"
               from effects where tenant = $1 and action = $2`,
        values: [tenant, id],
      });
      return row;
    },
    readSnapshot: (tenant, version) => readSnapshot(db, tenant, version),
  };
}

function claiming(db: Database): Pick<ActionStore, "claimWaiting" | "claimInterrupted" | "release" | "decided"> {
  return {
    claimWaiting: async (tenant, id) => {
      const [row] = await db.query<ActionRow>({
        text: `update actions set walk = walk + 1, status = 'running',
                 walk_until = clock_timestamp() + ${walkLeaseMs} * interval '1 millisecond', updated_at = clock_timestamp()
               where tenant = $1 and id = $2 and status = 'waiting' returning ${actionColumns}`,
        values: [tenant, id],
      });
      return row && toStoredAction(row);
    },
    claimInterrupted: async (limit) => {
      const rows = await db.query<ActionRow>({
        text: `update actions set walk = actions.walk + 1, updated_at = clock_timestamp(),
                 walk_until = clock_timestamp() + ${recoveryLeaseMs} * interval '1 millisecond'
               from (select tenant, id from actions
                     where status = 'running' and walk_until < clock_timestamp()
                     order by tenant, id limit $1 for update skip locked) s
               where actions.tenant = s.tenant and actions.id = s.id returning ${actionColumns}`,
        values: [limit],
      });
      return rows.map(toStoredAction);
    },
    release: async ({ tenant, id, walk }) => {
      await db.query({
        // An effect that has started keeps its time: its request may still be under way.
        text: `update actions set walk_until = clock_timestamp()
               where tenant = $1 and id = $2 and walk = $3 and status = 'running'
                 and not exists (select 1 from effects e where e.tenant = $1 and e.action = $2)`,
        values: [tenant, id, walk],
      });
    },
    decided: (limit) =>
      db.query<{ tenant: string; id: ActionId }>({
        text: `select a.tenant, a.id from actions a join approvals p on p.tenant = a.tenant and p.id = a.approval
               where a.status = 'waiting'
                 and (p.status not in ('pending', 'approved') or p.expires_at < clock_timestamp()
                      or (p.status = 'approved' and a.walk_until < clock_timestamp()))
               order by a.walk_until, a.tenant, a.id limit $1`,
        values: [limit],
      }),
  };
}

async function openAction(db: Database, action: NewAction, deliveries: Deliveries): Promise<Opening> {
  // Not synchronous: until "started" is written nothing has happened, and that commit makes this one durable too.
  const inserted = await db.soft.query({
    name: "action-open",
    text: `insert into actions (tenant, id, agent, tool, status, call_digest, idempotency_key, arguments, arguments_digest, run,
                                confidence, rationale, protocol, on_behalf_of, recall, walk_until)
           values ($1, $2, $3, $4, 'running', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
                   clock_timestamp() + ${walkLeaseMs} * interval '1 millisecond')
           on conflict do nothing returning id`,
    values: [
      action.tenant,
      action.id,
      action.agent,
      action.tool,
      action.callDigest,
      action.idempotencyKey,
      JSON.stringify(action.arguments),
      action.argumentsDigest,
      action.run,
      action.confidence,
      action.rationale,
      action.protocol && JSON.stringify(action.protocol),
      action.onBehalfOf && JSON.stringify(action.onBehalfOf),
      action.recall && JSON.stringify(action.recall),
    ],
  });
  if (inserted.length > 0) return { opened: true };
  return joinAction(db, action, deliveries);
}

async function joinAction(db: Database, action: NewAction, deliveries: Deliveries): Promise<Opening> {
  const [row] = await db.query<ActionRow & { owed: boolean }>({
    name: "action-join",
    text: `select ${actionColumns}, owed from actions
           where tenant = $1 and (($3::text is not null and agent = $4 and idempotency_key = $3)
                 or ($3::text is null and call_digest = $2 and (status in ('running', 'waiting', 'queued', 'unknown') or owed)))
           order by id desc limit 1`,
    values: [action.tenant, action.callDigest, action.idempotencyKey, action.agent],
  });
  // It ended and was delivered between the two looks: the way is free now.
  if (!row) return openAction(db, action, deliveries);
  if (row.owed && Date.now() - row.updated_at.getTime() > owedForMs) {
    // Nobody came back for it; the same words so much later are a new wish.
    await deliveries.mark(action.tenant, row.id);
    return openAction(db, action, deliveries);
  }
  const delivery = row.owed ? deliveries.under.get(row.id) : undefined;
  if (!delivery) return { opened: false, action: toStoredAction(row), collected: row.owed };
  // It has been heard, only its row does not say so yet: this call comes after, and is a new wish.
  await delivery.catch(() => undefined);
  return openAction(db, action, deliveries);
}

/** Deliveries whose rows are being written. Until one is, the end stays owed: it is better told twice than done twice. */
type Deliveries = { readonly under: ReadonlyMap<string, Promise<void>>; readonly mark: ActionStore["markDelivered"] };

/** Deliveries that come while some are being written are written together after them. */
function createDeliveries(db: Queryable): Deliveries {
  const under = new Map<string, Promise<void>>();
  const waiting = new Map<string, { readonly ids: string[]; readonly written: Promise<void> }>();
  const last = new Map<string, Promise<void>>();

  function openBatch(tenant: string) {
    const ids: string[] = [];
    const before = last.get(tenant) ?? Promise.resolve();
    const written = before
      .catch(() => undefined)
      .then(async () => {
        waiting.delete(tenant);
        await db.query({
          name: "actions-delivered",
          text: "update actions set owed = false where tenant = $1 and id = any($2) and owed",
          values: [tenant, ids],
        });
      });
    const batch = { ids, written };
    waiting.set(tenant, batch);
    last.set(tenant, written);
    return batch;
  }

  return {
    under,
    mark: (tenant, id) => {
      const batch = waiting.get(tenant) ?? openBatch(tenant);
      batch.ids.push(id);
      const delivery = batch.written.finally(() => under.delete(id));
      under.set(id, delivery);
      return delivery;
    },
  };
}
