/** Which version of each document is the current one: written with the batch that brings it, all or nothing. */
import type { DocumentVersion, KnownDocument } from "../kernel/document-version.ts";
import type { IngestPart, SourceAt } from "../kernel/source-store.ts";
import type { Queryable } from "./database.ts";

/** With the last part of its batch a version takes the place of what its path held before, and of what moved to it. */
export async function writeDocuments(tx: Queryable, at: SourceAt, parts: readonly IngestPart[]): Promise<void> {
  const written = parts.flatMap(({ batch, more, document }): Written[] =>
    document === undefined ? [] : [{ batch: batch.id, document, state: more ? "open" : "current" }],
  );
  if (written.length === 0) return;
  const whole = written.flatMap(({ document, state }) => (state === "current" ? document : []));
  await retire(tx, at, {
    state: "superseded",
    ended: whole.map(({ path, version }) => ({ path, before: version })),
  });
  await retire(tx, at, {
    state: "moved",
    ended: whole.flatMap(({ path, digest, movedFrom }) =>
      movedFrom === undefined ? [] : { path: movedFrom, movedTo: path, digest },
    ),
  });
  await put(tx, at, written);
}

/** The content cannot be read: it takes the place of what was there all the same, for that is not there any more. */
export async function rejectDocument(
  tx: Queryable,
  at: SourceAt,
  { batch, document, reason }: { readonly batch: string; readonly document: DocumentVersion; readonly reason: string },
): Promise<void> {
  const { path, version } = document;
  await retire(tx, at, { state: "superseded", ended: [{ path, before: version }] });
  await put(tx, at, [{ batch, document, state: "rejected", reason }]);
}

export async function withdrawDocuments(tx: Queryable, at: SourceAt, paths: readonly string[]): Promise<void> {
  await retire(tx, at, { state: "gone", ended: paths.map((path) => ({ path })) });
}

/** The newest version of each path. */
export function readKnownDocuments(db: Queryable, { tenant, connector }: SourceAt): Promise<KnownDocument[]> {
  return db.query<KnownDocument>({
    text: `select distinct on (path) path, version, batch, digest, reading, state, bytes,
                  round(extract(epoch from as_of) * 1000)::float8 as "asOf" from source_documents
           where tenant = $1 and connector = $2 order by path, version desc`,
    values: [tenant, connector],
  });
}

export async function isCurrentBatch(tx: Queryable, { tenant, connector }: SourceAt, batch: string): Promise<boolean> {
  const rows = await tx.query({
    text: `select 1 from source_documents where tenant = $1 and connector = $2 and batch = $3 and state in ('open', 'current')`,
    values: [tenant, connector, batch],
  });
  return rows.length > 0;
}

type Written = {
  readonly batch: string;
  readonly document: DocumentVersion;
  readonly state: KnownDocument["state"];
  readonly reason?: string;
};

async function put(tx: Queryable, { tenant, connector }: SourceAt, written: readonly Written[]): Promise<void> {
  const column = <T>(pick: (document: DocumentVersion) => T): T[] => written.map(({ document }) => pick(document));
  await tx.query({
    name: "source-documents-write",
    text: `insert into source_documents (tenant, connector, batch, state, reason, path, version, digest, reading, format, title,
                                         bytes, pages, passages, hidden, as_of)
           select $1, $2, batch, state, reason, path, version, digest, reading, format, title, bytes, pages, passages, hidden,
                  to_timestamp(as_of / 1000)
           from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::text[], $9::text[], $10::text[],
                       $11::text[], $12::bigint[], $13::int[], $14::int[], $15::bigint[], $16::float8[])
             as r(batch, state, reason, path, version, digest, reading, format, title, bytes, pages, passages, hidden, as_of)
           on conflict (tenant, connector, path, version) do update set state = excluded.state, reason = excluded.reason`,
    values: [
      tenant,
      connector,
      written.map(({ batch }) => batch),
      written.map(({ state }) => state),
      written.map(({ reason }) => reason?.slice(0, 500) ?? null),
      column(({ path }) => path),
      column(({ version }) => version),
      column(({ digest }) => digest),
      column(({ reading }) => reading),
      column(({ format }) => format),
      column(({ title }) => title ?? ""),
      column(({ bytes }) => bytes),
      column(({ pages }) => pages ?? null),
      column(({ passages }) => passages ?? 0),
      column(({ hidden }) => hidden ?? 0),
      column(({ asOf }) => asOf),
    ],
  });
}

type Ended = {
  readonly path: string;
  readonly before?: number;
  /** Where this content stands now. */
  readonly movedTo?: string;
  readonly digest?: string;
};

/**
 * Ends what these paths hold, and with it every passage of it, of versions that were never finished too. Of a content that was
 * missed for a while and stands elsewhere now it is told that it moved.
 */
async function retire(
  tx: Queryable,
  { tenant, connector }: SourceAt,
  { state, ended }: { readonly state: "superseded" | "moved" | "gone"; readonly ended: readonly Ended[] },
): Promise<void> {
  if (ended.length === 0) return;
  const rows = await tx.query<{ batch: string }>({
    name: "source-documents-retire",
    text: `update source_documents d set state = $3, moved_to = e.moved_to, ended_at = coalesce(d.ended_at, clock_timestamp())
           from unnest($4::text[], $5::int[], $6::text[], $7::text[]) as e(path, before, moved_to, digest)
           where d.tenant = $1 and d.connector = $2 and d.path = any($4) and d.path = e.path
             and (e.before is null or d.version < e.before)
             and (d.state in ('open', 'current', 'rejected') or (d.state = 'gone' and d.digest = e.digest))
           returning d.batch`,
    values: [
      tenant,
      connector,
      state,
      ended.map(({ path }) => path),
      ended.map(({ before }) => before ?? null),
      ended.map(({ movedTo }) => movedTo ?? null),
      ended.map(({ digest }) => digest ?? null),
    ],
  });
  if (rows.length === 0) return;
  const values = [tenant, connector, rows.map(({ batch }) => batch)];
  await tx.query({
    name: "source-passages-retire",
    text: `update source_records set state = 'superseded'
           where tenant = $1 and connector = $2 and batch = any($3) and state = 'latest'`,
    values,
  });
  // Nobody need decide about what nobody can read any more.
  await tx.query({
    name: "source-held-retire",
    text: `with closed as (
             update source_quarantine set state = 'superseded', decided_at = clock_timestamp()
             where tenant = $1 and connector = $2 and batch = any($3) and state = 'held' returning 1)
           update source_state set held = greatest(held - (select count(*) from closed), 0)
           where tenant = $1 and connector = $2 and exists (select from closed)`,
    values,
  });
}
