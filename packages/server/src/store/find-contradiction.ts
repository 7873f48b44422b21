/** Finds what a source has claimed of a fact before that its latest answer cannot follow. */
import type { Observation } from "../kernel/action-walk.ts";
import type { Contradiction } from "../kernel/deps.ts";
import type { Queryable } from "./database.ts";

type Row = {
  readonly kind: Contradiction["kind"];
  readonly as_of: number;
  readonly fetched_at: number;
  readonly source_version: string | null;
};

/** Whole numbers can be compared; any other version is only equal or not. */
const isNumber = /^\d{1,15}$/;

/**
 * Each look takes one row of the index. An answer whose as-of is its own arrival (an authoritative one) shares its moment
 * with no other, whatever the clock's resolution.
 */
export async function findContradiction(
  db: Queryable,
  tenant: string,
  { observation, toleranceMs }: { readonly observation: Observation; readonly toleranceMs: number },
): Promise<Contradiction | undefined> {
  const { id, fact, key, source, asOf, fetchedAt, valueDigest, sourceVersion } = observation;
  if (asOf === undefined) return undefined;
  const same = `tenant = $1 and fact = $2 and key = $3 and source = $4 and id <> $5 and fetched_at <= to_timestamp($6::float8 / 1000)`;
  const rows = await db.query<Row>({
    name: "observation-contradiction",
    text: `with said as (select to_timestamp($7::float8 / 1000) as as_of)
           select r.kind, extract(epoch from r.as_of)::float8 * 1000 as as_of,
                  extract(epoch from r.fetched_at)::float8 * 1000 as fetched_at, r.source_version
           from ((select 'older' as kind, o.as_of, fetched_at, source_version from observations o, said
                  where ${same} and o.as_of > said.as_of + $8::float8 * interval '1 millisecond'
                  order by o.as_of desc limit 1)
                 union all
                 (select 'same_moment', o.as_of, fetched_at, source_version from observations o, said
                  where ${same} and o.as_of = said.as_of and o.as_of <> o.fetched_at and value_digest <> $9 limit 1)
                 union all
                 (select 'version', o.as_of, fetched_at, source_version from observations o, said
                  where $10 and ${same} and o.as_of <= said.as_of order by o.as_of desc limit 1)) r`,
    values: [
      tenant,
      fact,
      key,
      source,
      id,
      fetchedAt,
      asOf,
      toleranceMs,
      valueDigest,
      sourceVersion !== undefined && isNumber.test(sourceVersion),
    ],
  });
  const row = rows.find(({ kind, source_version: before }) => kind !== "version" || isHigher(before, sourceVersion));
  if (!row) return undefined;
  const version = row.source_version === null ? {} : { version: row.source_version };
  return { kind: row.kind, asOf: row.as_of, fetchedAt: row.fetched_at, ...version };
}

function isHigher(before: string | null, now: string | undefined): boolean {
  return before !== null && now !== undefined && isNumber.test(before) && Number(before) > Number(now);
}
