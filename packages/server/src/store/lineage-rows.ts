/** Writes what is kept of ended actions' lineage, in the transaction that ends them; and reads it back. */
import type { ActionId } from "@airworthy/contract";

import type { Citation, LineageEntry, LineageNode, Sight, WrittenFact } from "../kernel/lineage/lineage-entry.ts";
import type { Transaction } from "./database.ts";

/** An action that ended once more (an unknown effect that was cleared up) keeps what it was first known by. */
export function insertLineage(tx: Transaction, tenant: string, entries: readonly LineageEntry[]): void {
  if (entries.length === 0) return;
  const sights = entries.flatMap((entry) => entry.saw);
  insertEntries(tx, tenant, entries);
  insertSights(tx, tenant, sights);
}

function insertEntries(tx: Transaction, tenant: string, entries: readonly LineageEntry[]): void {
  const column = <T>(pick: (entry: LineageEntry) => T): T[] => entries.map(pick);
  tx.write({
    name: "lineage-insert",
    text: `insert into lineage as l (tenant, action, agent, tool, started_at, ended_at, cites, wrote, handles)
           select $1, r.action, r.agent, r.tool, e.started_at, clock_timestamp(), r.cites, r.wrote, r.handles::bigint[]
           from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
             as r(action, agent, tool, cites, wrote, handles)
           left join effects e on r.wrote is not null and e.tenant = $1 and e.action = r.action
           on conflict (tenant, action) do update
             set ended_at = excluded.ended_at, wrote = coalesce(excluded.wrote, l.wrote),
                 started_at = coalesce(excluded.started_at, l.started_at),
                 handles = array(select distinct h from unnest(l.handles || excluded.handles) h)`,
    values: [
      tenant,
      column((e) => e.action),
      column((e) => e.agent),
      column((e) => e.tool),
      column((e) => listText(e.cites)),
      column((e) => listText(e.wrote)),
      column((e) => `{${e.handles.join(",")}}`),
    ],
  });
}

function insertSights(tx: Transaction, tenant: string, sights: readonly Sight[]): void {
  if (sights.length === 0) return;
  const column = <T>(pick: (sight: Sight) => T): T[] => sights.map(pick);
  tx.write({
    name: "lineage-sights-insert",
    text: `insert into lineage_sights (tenant, fact, cited, fetched_at, id, action, key, value_digest, version, as_of, source,
                                       batch, document, path, item, rests)
           select $1, fact, cited, to_timestamp(fetched_at / 1000), id, action, key, value_digest, version,
                  to_timestamp(as_of / 1000), source, batch, document, path, item, rests
           from unnest($2::text[], $3::bigint[], $4::float8[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[],
                       $10::float8[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::boolean[])
             as r(fact, cited, fetched_at, id, action, key, value_digest, version, as_of, source, batch, document, path, item,
                  rests)
           on conflict do nothing`,
    values: [
      tenant,
      column((s) => s.fact),
      column((s) => s.cited),
      column((s) => s.fetchedAt),
      column((s) => s.id),
      column((s) => s.action),
      column((s) => s.key),
      column((s) => s.valueDigest),
      column((s) => s.version ?? null),
      column((s) => s.asOf ?? null),
      column((s) => s.source),
      column((s) => s.batch ?? null),
      column((s) => s.document ?? null),
      column((s) => s.path ?? null),
      // A record matters only where it may be asked for whole.
      column((s) => (s.batch === undefined && s.document === undefined ? null : (s.item ?? null))),
      column((s) => s.rests),
    ],
  });
}

const listText = (list: readonly object[]): string | null => (list.length === 0 ? null : JSON.stringify(list));

export type LineageRow = {
  readonly action: ActionId;
  readonly agent: string;
  readonly tool: string;
  readonly started_at: number | null;
  readonly ended_at: number;
  readonly cites: string | null;
  readonly wrote: string | null;
};

export const lineageColumns = `l.action, l.agent, l.tool, l.cites, l.wrote,
  extract(epoch from l.started_at)::float8 * 1000 as started_at, extract(epoch from l.ended_at)::float8 * 1000 as ended_at`;

export function toLineageNode({ started_at, ended_at, cites, wrote, ...rest }: LineageRow): LineageNode {
  return {
    ...rest,
    startedAt: started_at ?? undefined,
    endedAt: ended_at,
    cites: cites === null ? [] : (JSON.parse(cites) as Citation[]),
    wrote: wrote === null ? [] : (JSON.parse(wrote) as WrittenFact[]),
  };
}
