/** Writes what was read into the value index, in the transaction that ends the action; and forgets it in time. */
import type { SealedReading } from "../kernel/action-walk.ts";
import type { Queryable, Transaction } from "./database.ts";

export function insertReadings(tx: Transaction, tenant: string, readings: readonly SealedReading[]): void {
  if (readings.length === 0) return;
  // The second refers to the first.
  insertAnswers(tx, tenant, readings);
  insertValues(tx, tenant, readings);
}

function insertAnswers(tx: Transaction, tenant: string, readings: readonly SealedReading[]): void {
  const column = <T>(pick: (reading: SealedReading) => T): T[] => readings.map(pick);
  tx.write({
    name: "value-readings-insert",
    text: `insert into value_readings (tenant, principal, id, tool, read_by, overflow, searchable, sealed)
           select $1, principal, id, tool, read_by, overflow, searchable, sealed
           from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::boolean[], $8::bytea[])
             as r(principal, id, tool, read_by, overflow, searchable, sealed)
           on conflict do nothing`,
    values: [
      tenant,
      column((r) => r.principal),
      column((r) => r.id),
      column((r) => r.tool),
      column((r) => r.readBy),
      column((r) => r.overflow),
      column((r) => r.searchable),
      column((r) => r.sealed),
    ],
  });
}

function insertValues(tx: Transaction, tenant: string, readings: readonly SealedReading[]): void {
  const values = readings.flatMap(({ principal, id, values: found }) =>
    found.map((value, place) => ({ principal, reading: id, place, ...value })),
  );
  if (values.length === 0) return;
  tx.write({
    name: "value-index-insert",
    text: `insert into value_index (tenant, principal, digest, reading, place, exact, path, sort, in_list, trust)
           select $1, principal, digest, reading, place, exact, path, sort, in_list, trust
           from unnest($2::text[], $3::bytea[], $4::text[], $5::integer[], $6::bytea[], $7::text[], $8::text[], $9::boolean[],
                       $10::text[]) as r(principal, digest, reading, place, exact, path, sort, in_list, trust)
           on conflict do nothing`,
    values: [
      tenant,
      values.map((v) => v.principal),
      values.map((v) => v.digest),
      values.map((v) => v.reading),
      values.map((v) => v.place),
      values.map((v) => v.exact),
      values.map((v) => v.path),
      values.map((v) => v.sort),
      values.map((v) => v.inList),
      values.map((v) => v.trust),
    ],
  });
}

/** Of one agent, this many answers are kept. */
const readingsMax = 2000;
const forgottenAtOnce = 500;

type Forgetting = { readonly olderThanMs: number; readonly signal?: AbortSignal };

/** What is too old goes; then what is too much of one agent. */
export async function forgetReadings(db: Queryable, tenant: string, forgetting: Forgetting): Promise<void> {
  const tooOld = `select principal, id from value_readings
                  where tenant = $1 and fetched_at < clock_timestamp() - $2::float8 * interval '1 millisecond'
                  order by fetched_at limit ${forgottenAtOnce}`;
  // One more than is kept stands for all that are gone: until it ages out, what is not found may have been in them.
  const tooMany = `select principal, id from (
                     select principal, id, row_number() over (partition by principal order by fetched_at desc, id) as place
                     from value_readings where tenant = $1 and $2::float8 > 0) r
                   where place > ${readingsMax + 1} limit ${forgottenAtOnce}`;
  await deleteReadings(db, tenant, { ...forgetting, which: tooOld });
  await db.query({
    text: `update value_readings v set overflow = true
           from (select principal, id, row_number() over (partition by principal order by fetched_at desc, id) as place
                 from value_readings where tenant = $1) r
           where v.tenant = $1 and v.principal = r.principal and v.id = r.id and r.place = ${readingsMax + 1}`,
    values: [tenant],
  });
  await deleteReadings(db, tenant, { ...forgetting, which: tooMany });
  await db.query({
    text: `delete from run_tasks where tenant = $1 and stated_at < clock_timestamp() - interval '7 days'`,
    values: [tenant],
  });
}

/** In short statements that hold few locks. */
async function deleteReadings(
  db: Queryable,
  tenant: string,
  { which, olderThanMs, signal }: Forgetting & { readonly which: string },
): Promise<void> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
    const [row] = await db.query<{ count: number }>({
      text: `with found as (${which}),
             gone as (delete from value_readings v using found f
                      where v.tenant = $1 and v.principal = f.principal and v.id = f.id returning 1)
             select count(*)::int as count from gone`,
      values: [tenant, olderThanMs],
    });
    if ((row?.count ?? 0) < forgottenAtOnce || signal?.aborted === true) return;
  }
}
