/** Sources in the store: who brings one in, what was brought, and what is read of it. */
import type { Json } from "@airworthy/contract";

import type {
  BatchRef,
  KnownBatch,
  SourceAt,
  SourceLease,
  SourceRecords,
  SourceStore,
  StoredRecord,
} from "../kernel/source-store.ts";
import type { Database, Queryable } from "./database.ts";
import { ingestParts, lockSource } from "./source-ingest.ts";
import { readKnownDocuments, rejectDocument, withdrawDocuments } from "./source-shelf.ts";

/** A node that has not been heard of for this long has lost the source. */
export const sourceLeaseMs = 10_000;

export function createSourceStore(db: Database): SourceStore {
  return {
    acquire: (at, holder) => acquire(db, at, holder),
    renew: async ({ tenant, connector, epoch }, holder) => {
      const rows = await db.query({
        text: `update source_state set lease_until = clock_timestamp() + interval '${sourceLeaseMs} milliseconds'
               where tenant = $1 and connector = $2 and epoch = $3 and holder = $4 returning 1`,
        values: [tenant, connector, epoch, holder],
      });
      return rows.length > 0;
    },
    release: async ({ tenant, connector, epoch }, holder) => {
      await db.query({
        text: `update source_state set holder = null, lease_until = null
               where tenant = $1 and connector = $2 and epoch = $3 and holder = $4`,
        values: [tenant, connector, epoch, holder],
      });
    },
    ingest: (at, parts) => db.transaction((tx) => ingestParts(tx, at, parts)),
    rejectBatch: (lease, batch, reason) =>
      db.transaction(async (tx) => {
        await lockLeased(tx, lease);
        await rejectBatch(tx, lease, { batch, reason });
      }),
    knownBatches: (at, { ids, digests }) =>
      db.query<KnownBatch>({
        text: `select batch as id, digest, state from source_batches
               where tenant = $1 and connector = $2 and (batch = any($3) or digest = any($4))`,
        values: [at.tenant, at.connector, ids, digests],
      }),
    knownMessages: async ({ tenant, connector }, ids) => {
      const rows = await db.query<{ id: string }>({
        text: "select id from source_messages where tenant = $1 and connector = $2 and id = any($3)",
        values: [tenant, connector, ids],
      });
      return new Set(rows.map(({ id }) => id));
    },
    time: () => readTime(db),
    noteCaughtUp: (lease, at) => noteCaughtUp(db, lease, at),
    noteProblem: async ({ tenant, connector }, problem) => {
      await db.soft.query({
        text: `update source_state set problem = $3, problem_at = case when $3::text is null then null else clock_timestamp() end
               where tenant = $1 and connector = $2`,
        values: [tenant, connector, problem?.slice(0, 500) ?? null],
      });
    },
    forget: (at, old) => forget(db, at, old),
    documents: {
      known: (at) => readKnownDocuments(db, at),
      reject: (lease, batch, { document, reason }) =>
        db.transaction(async (tx) => {
          await lockLeased(tx, lease);
          await rejectBatch(tx, lease, { batch, reason });
          await rejectDocument(tx, lease, { batch: batch.id, document, reason });
        }),
      withdraw: (lease, paths) =>
        db.transaction(async (tx) => {
          await lockLeased(tx, lease);
          await withdrawDocuments(tx, lease, paths);
        }),
    },
  };
}

async function acquire(
  db: Database,
  { tenant, connector }: SourceAt,
  holder: string,
): Promise<SourceLease | undefined> {
  await db.soft.query({
    text: "insert into source_state (tenant, connector) values ($1, $2) on conflict do nothing",
    values: [tenant, connector],
  });
  const [row] = await db.query<{ epoch: number; position: string | null }>({
    text: `update source_state
           set holder = $3, epoch = epoch + 1, lease_until = clock_timestamp() + interval '${sourceLeaseMs} milliseconds'
           where tenant = $1 and connector = $2 and (lease_until is null or lease_until < clock_timestamp() or holder = $3)
           returning epoch, position`,
    values: [tenant, connector, holder],
  });
  return row && { tenant, connector, epoch: row.epoch, position: row.position ?? undefined };
}

async function readTime(db: Database): Promise<number> {
  const [row] = await db.query<{ ms: number }>({
    name: "source-time",
    text: "select floor(extract(epoch from clock_timestamp()) * 1000)::float8 as ms",
  });
  if (row) return row.ms;
  throw new Error("The database did not tell the time.");
}

async function noteCaughtUp(db: Database, { tenant, connector, epoch }: SourceLease, at: number): Promise<void> {
  await db.soft.query({
    text: `update source_state set caught_up_at = greatest(caught_up_at, to_timestamp($4::float8 / 1000)), lag = 0,
                                   problem = null, problem_at = null
           where tenant = $1 and connector = $2 and epoch = $3`,
    values: [tenant, connector, epoch, at],
  });
}

const lockLeased = (tx: Queryable, lease: SourceLease): Promise<unknown> =>
  lockSource(tx, { tenant: lease.tenant, connector: lease.connector, lease });

async function rejectBatch(
  tx: Queryable,
  { tenant, connector }: SourceAt,
  { batch, reason }: { readonly batch: BatchRef; readonly reason: string },
): Promise<void> {
  const { id, origin, digest, asOf } = batch;
  await tx.query({
    text: `insert into source_batches (tenant, connector, batch, origin, digest, state, reason, as_of, ended_at)
           values ($1, $2, $3, $4, $5, 'rejected', $6, to_timestamp($7::float8 / 1000), clock_timestamp())
           on conflict (tenant, connector, batch) do update
             set state = 'rejected', reason = excluded.reason, ended_at = excluded.ended_at
             where source_batches.state = 'open' or (source_batches.state = 'rejected'
               and source_batches.digest = excluded.digest and source_batches.reason is distinct from excluded.reason)`,
    values: [tenant, connector, id, origin, digest, reason.slice(0, 500), asOf ?? null],
  });
}

/** Few enough that no statement comes near its time limit. */
const forgottenAtOnce = 5000;

async function forget(
  db: Database,
  { tenant, connector }: SourceAt,
  { olderThanMs, keepsIds }: { readonly olderThanMs: number; readonly keepsIds: boolean },
): Promise<void> {
  const old = `< clock_timestamp() - $3::float8 * interval '1 millisecond'`;
  const ids = `delete from source_messages m using (
       select id from source_messages where tenant = $1 and connector = $2 and seen_at ${old} limit ${forgottenAtOnce}) o
     where m.tenant = $1 and m.connector = $2 and m.id = o.id returning 1`;
  const statements = [
    ...(keepsIds ? [] : [ids]),
    // A passage may be old and its document changed just now: a citation is answered for that long from then on.
    `delete from source_records r using (
       select batch, number, item from source_records
       where tenant = $1 and connector = $2 and state <> 'latest' and received_at ${old}
         and coalesce((select ended_at from source_documents d
                       where d.tenant = $1 and d.connector = $2 and d.batch = source_records.batch limit 1), '-infinity') ${old}
       limit ${forgottenAtOnce}) o
     where r.tenant = $1 and r.connector = $2 and r.batch = o.batch and r.number = o.number and r.item = o.item returning 1`,
    // A batch of which nothing is left has nothing to tell.
    `delete from source_batches b using (
       select batch from source_batches b
       where tenant = $1 and connector = $2 and state <> 'open' and received_at ${old}
         and not exists (select from source_records r where r.tenant = $1 and r.connector = $2 and r.batch = b.batch)
         and not exists (select from source_quarantine q where q.tenant = $1 and q.connector = $2 and q.batch = b.batch
                                                          and q.state = 'held')
       limit ${forgottenAtOnce}) o
     where b.tenant = $1 and b.connector = $2 and b.batch = o.batch returning 1`,
    // The newest version of a path stays, so that the next one has a number that was never given.
    `delete from source_documents d using (
       select path, version from source_documents d
       where tenant = $1 and connector = $2 and state <> 'current' and ended_at ${old}
         and exists (select from source_documents n where n.tenant = $1 and n.connector = $2 and n.path = d.path
                                                      and n.version > d.version)
       limit ${forgottenAtOnce}) o
     where d.tenant = $1 and d.connector = $2 and d.path = o.path and d.version = o.version returning 1`,
  ];
  for (const text of statements) {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- so that each statement is short and holds few locks
      const gone = await db.query({ text, values: [tenant, connector, olderThanMs] });
      if (gone.length < forgottenAtOnce) break;
    }
  }
}

type Row = {
  readonly record: string;
  readonly key: string;
  readonly value: string;
  readonly version: string | null;
  readonly as_of: number | null;
  readonly received_at: number;
  readonly batch: string;
};
const columns = `record, key, value, version, batch, extract(epoch from as_of)::float8 * 1000 as as_of,
  extract(epoch from received_at)::float8 * 1000 as received_at`;

export function createSourceRecords(db: Database): SourceRecords {
  return {
    find: async ({ tenant, connector }, record, key) => {
      const [row] = await db.query<Row>({
        name: "source-record-find",
        text: `select ${columns} from source_records
               where tenant = $1 and connector = $2 and record = $3 and key = $4 and state = 'latest' and not deleted`,
        values: [tenant, connector, record, key],
      });
      return row && toRecord(row);
    },
    list: async ({ tenant, connector }, { record, after, limit }) => {
      const rows = await db.query<Row>({
        name: "source-record-list",
        text: `select ${columns} from source_records
               where tenant = $1 and connector = $2 and record = $3 and key > $4 and state = 'latest' and not deleted
               order by key limit $5`,
        values: [tenant, connector, record, after, limit],
      });
      return rows.map(toRecord);
    },
    caughtUpAt: async ({ tenant, connector }) => {
      const [row] = await db.query<{ at: number | null }>({
        name: "source-caught-up",
        text: `select extract(epoch from caught_up_at)::float8 * 1000 as at from source_state
               where tenant = $1 and connector = $2`,
        values: [tenant, connector],
      });
      return row?.at ?? undefined;
    },
  };
}

function toRecord(row: Row): StoredRecord {
  return {
    record: row.record,
    key: row.key,
    value: JSON.parse(row.value) as Json,
    version: row.version ?? undefined,
    asOf: row.as_of ?? undefined,
    receivedAt: row.received_at,
    batch: row.batch,
  };
}
