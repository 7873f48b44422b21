/** Observations in the store: what each agent has read, found again by fact and by value. */
import { createHmac } from "node:crypto";

import type { ActionId, Json, ObservationId } from "@airworthy/contract";

import type { Observation } from "../kernel/action-walk.ts";
import { canonicalJson } from "../kernel/canonical.ts";
import type { Observations } from "../kernel/deps.ts";
import { findContradiction } from "./find-contradiction.ts";
import type { Database, Queryable, Statement, Transaction } from "./database.ts";
import { readPushedFact } from "./pushed-facts.ts";
import { noSuchTenant } from "./tenants.ts";

type Row = {
  readonly id: string;
  readonly fact: string;
  readonly key: string;
  readonly value: string;
  readonly value_digest: string;
  readonly source: string;
  readonly source_version: string | null;
  readonly as_of: number | null;
  readonly fetched_at: number;
  readonly principal: string;
  readonly run: string | null;
  readonly read_by: string | null;
  readonly batch: string | null;
  readonly document: string | null;
};

const columns = `id, fact, key, value, value_digest, source, source_version, principal, run, read_by, batch, document,
  extract(epoch from as_of)::float8 * 1000 as as_of, extract(epoch from fetched_at)::float8 * 1000 as fetched_at`;

/** How far back lineage looks for a value, and how many observations it may compare. */
const matchingWindow = "interval '24 hours'";
const matchingMax = 1000;

export function createObservations(db: Database): Observations {
  const keys = new Map<string, Promise<Buffer>>();
  const keyOf = (tenant: string): Promise<Buffer> => {
    const known = keys.get(tenant) ?? readDigestKey(db, tenant);
    keys.set(tenant, known);
    // A failure is not remembered: the next caller asks again.
    known.catch(() => keys.delete(tenant));
    return known;
  };
  return {
    latest: async (tenant, principal, { fact, key }) => {
      const [row] = await db.query<Row>({
        name: "observation-latest",
        // Only what the agent itself has read counts as what it believes; our own look-ups it has never seen.
        text: `select ${columns} from observations
               where tenant = $1 and principal = $2 and fact = $3 and key = $4 and read_by is not null
               order by fetched_at desc limit 1`,
        values: [tenant, principal, fact, key],
      });
      return row && toObservation(row);
    },
    matching: async (tenant, principal, valueDigests) => {
      if (valueDigests.length === 0) return [];
      const rows = await db.query<Row>({
        name: "observation-matching",
        text: `select ${columns} from observations
               where tenant = $1 and principal = $2 and value_digest = any($3) and read_by is not null
                 and fetched_at > clock_timestamp() - ${matchingWindow}
               order by fetched_at desc limit ${matchingMax}`,
        values: [tenant, principal, valueDigests],
      });
      return rows.map(toObservation);
    },
    contradiction: (tenant, observation, toleranceMs) => findContradiction(db, tenant, { observation, toleranceMs }),
    pushed: (tenant, at) => readPushedFact(db, tenant, at),
    save: async (tenant, observations) => {
      if (observations.length > 0) await db.soft.query(insertion(tenant, observations));
    },
    digest: async (tenant, value) =>
      createHmac("sha256", await keyOf(tenant))
        .update(canonicalJson(value))
        .digest("hex"),
  };
}

export function insertObservations(tx: Transaction, tenant: string, observations: readonly Observation[]): void {
  if (observations.length > 0) tx.write(insertion(tenant, observations));
}

function insertion(tenant: string, observations: readonly Observation[]): Statement {
  const column = <T>(pick: (observation: Observation) => T): T[] => observations.map(pick);
  return {
    name: "observation-insert",
    text: `insert into observations (tenant, id, principal, fact, key, value, value_digest, source, source_version, as_of,
                                     fetched_at, run, read_by, batch, document)
           select $1, id, principal, fact, key, value, value_digest, source, source_version,
                  to_timestamp(as_of / 1000), to_timestamp(fetched_at / 1000), run, read_by, batch, document
           from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                       $10::float8[], $11::float8[], $12::text[], $13::text[], $14::text[], $15::text[])
             as r(id, principal, fact, key, value, value_digest, source, source_version, as_of, fetched_at, run, read_by,
                  batch, document)
           on conflict do nothing`,
    values: [
      tenant,
      column((o) => o.id),
      column((o) => o.principal),
      column((o) => o.fact),
      column((o) => o.key),
      column((o) => JSON.stringify(o.value)),
      column((o) => o.valueDigest),
      column((o) => o.source),
      column((o) => o.sourceVersion ?? null),
      column((o) => o.asOf ?? null),
      column((o) => o.fetchedAt),
      column((o) => o.run ?? null),
      column((o) => o.readBy ?? null),
      column((o) => o.batch ?? null),
      column((o) => o.document ?? null),
    ],
  };
}

/** Few enough that no statement comes near its time limit, however many there are. */
const forgottenAtOnce = 5000;

/**
 * Observations are working memory: what an action cited is in the ledger, the rest may go. Ends when none is left, or when
 * `signal` is given, and the next time goes on where it ended. Answers how many went.
 */
export async function forgetObservations(
  db: Queryable,
  tenant: string,
  { olderThanMs, signal }: { readonly olderThanMs: number; readonly signal?: AbortSignal },
): Promise<number> {
  let gone = 0;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- so that each statement is short and holds few locks
    const [row] = await db.query<{ count: number }>({
      text: `with old as (
               select id from observations
               where tenant = $1 and fetched_at < clock_timestamp() - $2::float8 * interval '1 millisecond'
               order by fetched_at limit ${forgottenAtOnce}),
             gone as (delete from observations o using old where o.tenant = $1 and o.id = old.id returning 1)
             select count(*)::int as count from gone`,
      values: [tenant, olderThanMs],
    });
    gone += row?.count ?? 0;
    if ((row?.count ?? 0) < forgottenAtOnce || signal?.aborted === true) return gone;
  }
}

async function readDigestKey(db: Database, tenant: string): Promise<Buffer> {
  const [row] = await db.query<{ digest_key: Buffer }>({
    text: "select digest_key from tenants where tenant = $1",
    values: [tenant],
  });
  if (!row) throw noSuchTenant(tenant);
  return row.digest_key;
}

function toObservation(row: Row): Observation {
  return {
    id: row.id as ObservationId,
    fact: row.fact,
    key: row.key,
    value: JSON.parse(row.value) as Json,
    valueDigest: row.value_digest,
    source: row.source,
    ...(row.source_version === null ? {} : { sourceVersion: row.source_version }),
    asOf: row.as_of ?? undefined,
    fetchedAt: row.fetched_at,
    principal: row.principal,
    ...(row.run === null ? {} : { run: row.run }),
    ...(row.read_by === null ? {} : { readBy: row.read_by as ActionId }),
    ...(row.batch === null ? {} : { batch: row.batch }),
    ...(row.document === null ? {} : { document: row.document }),
  };
}
