/** The ledger's SQL: entries in, heads out, partitions ahead of time. The one place with PostgreSQL-only DDL. */
import type { Queryable, Transaction } from "./database.ts";
import { type Entry, type Head, zeroHash } from "./ledger-chain.ts";

/** Inserts entries of one tenant and moves their chain's head; one statement whatever their number. */
export function insertEntries(tx: Transaction, entries: readonly Entry[]): void {
  const last = entries.at(-1);
  if (!last) return;
  const column = <T>(pick: (entry: Entry) => T): T[] => entries.map(pick);
  tx.write({
    name: "ledger-insert",
    text: `with rows as (
             select * from unnest($4::int[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
                                  $11::text[], $12::bytea[], $13::bytea[], $14::bytea[], $15::bytea[], $16::text[])
               as r(seq, kind, action, agent, tool, entity, status, cited, body_hash, prev_hash, hash, salt, body)),
           headers as (
             insert into ledger_entries (tenant, day, chain, seq, kind, action, at, agent, tool, entity, status, cited,
                                         body_hash, prev_hash, hash)
             select $1, $2::date, $3, seq, kind, action, $17::timestamptz, agent, tool, entity, status, cited::text[],
                    body_hash, prev_hash, hash from rows),
           bodies as (
             insert into ledger_bodies (tenant, day, chain, seq, salt, body)
             select $1, $2::date, $3, seq, salt, body from rows)
           insert into ledger_heads (tenant, day, chain, seq, hash, at)
           values ($1, $2::date, $3, $18, $19, $17::timestamptz)
           on conflict (tenant, day, chain) do update set seq = excluded.seq, hash = excluded.hash, at = excluded.at`,
    values: [
      last.tenant,
      last.day,
      last.chain,
      column((e) => e.seq),
      column((e) => e.kind),
      column((e) => e.action),
      column((e) => e.agent),
      column((e) => e.tool),
      column((e) => e.entity),
      column((e) => e.status),
      // unnest would flatten an array of arrays; tokens are hexadecimal, so the literal needs no escaping.
      column((e) => `{${e.cited.join(",")}}`),
      column((e) => e.bodyHash),
      column((e) => e.prevHash),
      column((e) => e.hash),
      column((e) => e.salt),
      column((e) => e.body),
      last.at,
      last.seq,
      last.hash,
    ],
  });
}

/** The end of one chain as the entries have it, not as the heads table says. */
export async function readHead(db: Queryable, tenant: string, at: { day: string; chain: string }): Promise<Head> {
  const [row] = await db.query<{ seq: number; hash: Buffer }>({
    name: "ledger-head",
    text: `select seq, hash from ledger_entries where tenant = $1 and day = $2::date and chain = $3
           order by seq desc limit 1`,
    values: [tenant, at.day, at.chain],
  });
  return { ...at, seq: row?.seq ?? 0, hash: row?.hash ?? zeroHash };
}

/** The chain that was written to last, whoever wrote it: what a new chain cites as its predecessor. */
export async function readLatestHead(db: Queryable, tenant: string): Promise<Head | undefined> {
  const [row] = await db.query<{ day: string; chain: string; seq: number; hash: Buffer }>({
    text: `select day::text, chain, seq, hash from ledger_heads where tenant = $1 order by at desc, chain limit 1`,
    values: [tenant],
  });
  return row;
}

/** Makes the partitions of a day and of the day after; cheap when they exist. `day` is `YYYY-MM-DD`. */
export async function ensurePartitions(db: Queryable, day: string): Promise<void> {
  for (const start of [day, addDays(day, 1)]) {
    const suffix = start.replaceAll("-", "");
    for (const table of ["ledger_entries", "ledger_bodies"]) {
      // DDL takes no parameters; every part of this text is made here from a date.
      const text = `create table if not exists ${table}_${suffix} partition of ${table}
                    for values from ('${start}') to ('${addDays(start, 1)}')`;
      // `if not exists` looks before it makes: of two tenants that open the day at once, one finds it made meanwhile.
      await db.query({ text }).catch((error: unknown) => {
        if (!isMadeMeanwhile(error)) throw error;
      });
    }
  }
}

const isMadeMeanwhile = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "42P07" || error.code === "23505");

function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}
