/** Which version of each document is the current one: written with the batch that brings it, all or nothing. */
import type { DocumentVersion, KnownDocument } from "../kernel/document-store.ts";
import type { IngestPart, SourceAt } from "../kernel/source-store.ts";
import type { Queryable } from "./database.ts";

/** With the last part of its batch the version takes the place of what its path held before, and of what moved to it. */
export async function writeDocument(
  tx: Queryable,
  at: SourceAt,
  { batch, more, document }: IngestPart & { readonly document: DocumentVersion },
): Promise<void> {
  if (!more) {
    await retire(tx, at, { paths: [document.path], state: "superseded", before: document.version });
    const { movedFrom } = document;
    if (movedFrom !== undefined) {
      await retire(tx, at, { paths: [movedFrom], state: "moved", movedTo: document.path });
    }
  }
  await put(tx, at, { batch: batch.id, document, state: more ? "open" : "current" });
}

/** The content cannot be read: it takes the place of what was there all the same, for that is not there any more. */
export async function rejectDocument(
  tx: Queryable,
  at: SourceAt,
  { batch, document, reason }: { readonly batch: string; readonly document: DocumentVersion; readonly reason: string },
): Promise<void> {
  await retire(tx, at, { paths: [document.path], state: "superseded", before: document.version });
  await put(tx, at, { batch, document, state: "rejected", reason });
}

export async function withdrawDocuments(tx: Queryable, at: SourceAt, paths: readonly string[]): Promise<void> {
  await retire(tx, at, { paths, state: "gone" });
}

/** The newest version of each path. */
export function readKnownDocuments(db: Queryable, { tenant, connector }: SourceAt): Promise<KnownDocument[]> {
  return db.query<KnownDocument>({
    text: `select distinct on (path) path, version, batch, digest, reading, state from source_documents
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

async function put(
  tx: Queryable,
  { tenant, connector }: SourceAt,
  written: {
    readonly batch: string;
    readonly document: DocumentVersion;
    readonly state: KnownDocument["state"];
    readonly reason?: string;
  },
): Promise<void> {
  const { batch, document, state, reason } = written;
  const { path, version, digest, reading, format, bytes, asOf, title, pages, passages, hidden } = document;
  await tx.query({
    name: "source-documents-write",
    text: `insert into source_documents (tenant, connector, path, version, batch, digest, reading, state, reason, format, title,
                                         bytes, pages, passages, hidden, as_of)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, to_timestamp($16::float8 / 1000))
           on conflict (tenant, connector, path, version) do update set state = excluded.state, reason = excluded.reason`,
    values: [
      tenant,
      connector,
      path,
      version,
      batch,
      digest,
      reading,
      state,
      reason?.slice(0, 500) ?? null,
      format,
      title ?? "",
      bytes,
      pages ?? null,
      passages ?? 0,
      hidden ?? 0,
      asOf,
    ],
  });
}

/** Ends what these paths hold, and with it every passage of it, of versions that were never finished too. */
async function retire(
  tx: Queryable,
  { tenant, connector }: SourceAt,
  ended: {
    readonly paths: readonly string[];
    readonly state: "superseded" | "moved" | "gone";
    readonly before?: number;
    readonly movedTo?: string;
  },
): Promise<void> {
  const rows = await tx.query<{ batch: string }>({
    name: "source-documents-retire",
    text: `update source_documents set state = $4, moved_to = $5, ended_at = clock_timestamp()
           where tenant = $1 and connector = $2 and path = any($3) and state in ('open', 'current', 'rejected')
             and ($6::int is null or version < $6) returning batch`,
    values: [tenant, connector, ended.paths, ended.state, ended.movedTo ?? null, ended.before ?? null],
  });
  if (rows.length === 0) return;
  await tx.query({
    name: "source-passages-retire",
    text: `update source_records set state = 'superseded'
           where tenant = $1 and connector = $2 and batch = any($3) and state = 'latest'`,
    values: [tenant, connector, rows.map(({ batch }) => batch)],
  });
}
