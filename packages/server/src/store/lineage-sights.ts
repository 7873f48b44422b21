/** What actions saw of facts, as it is read back: by fact, value, version, batch and document. */
import type { ActionId, ObservationId } from "@airworthy/contract";

import type { Sight } from "../kernel/lineage/lineage-entry.ts";
import type { LineageReader } from "../kernel/lineage/lineage-reader.ts";

type Ask = <R>(text: string, values: readonly unknown[]) => Promise<R[]>;

type Row = {
  readonly id: ObservationId;
  readonly action: ActionId;
  readonly fact: string;
  readonly key: string;
  readonly cited: string;
  readonly value_digest: string;
  readonly source: string;
  readonly version: string | null;
  readonly as_of: number | null;
  readonly fetched_at: number;
  readonly batch: string | null;
  readonly document: string | null;
  readonly path: string | null;
  readonly item: string | null;
  readonly rests: boolean;
};

const columns = `s.id, s.action, s.fact, s.key, s.cited::text as cited, s.value_digest::text as value_digest, s.source, s.version,
  extract(epoch from s.as_of)::float8 * 1000 as as_of, extract(epoch from s.fetched_at)::float8 * 1000 as fetched_at,
  s.batch, s.document, s.path, s.item, s.rests`;

export function createSights(
  ask: Ask,
): Pick<LineageReader, "sights" | "sightsAfter" | "sightsById" | "documentsShown"> {
  return {
    sights: async ({ fact, cited, valueDigest, version, source, batch, document, between }, limit) => {
      const given: (readonly [string, unknown])[] = [
        ["s.fact = ?", fact],
        ["s.cited = ?::bigint", cited],
        ["s.value_digest = ?::bigint", valueDigest],
        ["s.version = ?", version],
        ["s.source = ?", source],
        ["s.batch = ?", batch],
        ["s.document = ?", document],
        ["s.fetched_at >= to_timestamp(?::float8 / 1000)", between.sinceMs],
        ["s.fetched_at < to_timestamp(?::float8 / 1000)", between.untilMs],
      ];
      const asked = given.filter(([, value]) => value !== undefined);
      // Each condition's text is ours; what is asked for goes beside it.
      const where = asked.map(([text], at) => ` and ${text.replace("?", `$${at + 2}`)}`).join("");
      const rows = await ask<Row>(
        `select ${columns} from lineage_sights s where s.tenant = $1${where} order by s.fetched_at desc limit ${limit}`,
        asked.map(([, value]) => value),
      );
      return rows.map(toSight);
    },
    sightsAfter: async (traces) => {
      if (traces.length === 0) return [];
      const rows = await ask<Row>(
        `select ${columns}
         from unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::float8[])
           as t(fact, cited, value_digest, version, since)
         cross join lateral (
           select * from lineage_sights s
           where s.tenant = $1 and s.fact = t.fact and s.cited = t.cited and s.fetched_at >= to_timestamp(t.since / 1000)
             and (s.value_digest = t.value_digest or s.version = t.version)) s`,
        [
          traces.map((trace) => trace.fact),
          traces.map((trace) => trace.cited),
          traces.map((trace) => trace.valueDigest ?? null),
          traces.map((trace) => trace.version ?? null),
          traces.map((trace) => trace.sinceMs),
        ],
      );
      return [...new Map(rows.map((row) => [`${row.fact} ${row.cited} ${row.id}`, toSight(row)])).values()];
    },
    documentsShown: async (actions) => {
      if (actions.length === 0) return [];
      const rows = await ask<Row>(
        `select ${columns} from lineage_sights s
         where s.tenant = $1 and s.action = any($2) and s.document is not null and not s.rests order by s.action, s.id`,
        [actions],
      );
      return rows.map(toSight);
    },
    sightsById: async (wanted) => {
      if (wanted.length === 0) return [];
      const rows = await ask<Row>(
        `select ${columns} from unnest($2::text[], $3::bigint[], $4::text[]) as t(fact, cited, id)
         join lineage_sights s on s.tenant = $1 and s.fact = t.fact and s.cited = t.cited and s.id = t.id`,
        [wanted.map((one) => one.fact), wanted.map((one) => one.cited), wanted.map((one) => one.id)],
      );
      return rows.map(toSight);
    },
  };
}

function toSight(row: Row): Sight {
  const {
    value_digest: valueDigest,
    as_of: asOf,
    fetched_at: fetchedAt,
    version,
    batch,
    document,
    path,
    item,
    ...rest
  } = row;
  return {
    ...rest,
    valueDigest,
    fetchedAt,
    ...(asOf === null ? {} : { asOf }),
    ...(version === null ? {} : { version }),
    ...(batch === null ? {} : { batch }),
    ...(document === null ? {} : { document }),
    ...(path === null ? {} : { path }),
    ...(item === null ? {} : { item }),
  };
}
