/** What agents read of documents: passages by their words or their hash, and which documents there are. */
import type { Json } from "@airworthy/contract";

import type {
  FormerPassage,
  FoundPassage,
  ListedDocument,
  PassageSearch,
  SourceDocuments,
} from "../kernel/document-store.ts";
import type { SourceAt } from "../kernel/source-store.ts";
import type { Database } from "./database.ts";
import { scopeWord } from "./scope-word.ts";

export function createSourceDocuments(db: Database): SourceDocuments {
  return {
    search: (at, asked) => search(db, at, asked),
    find: async (at, hash) => {
      const [row] = await db.query<PassageRow & Former>({
        name: "document-passage",
        text: `select ${passageColumns}, d.state, d.digest, d.path, d.moved_to,
                      extract(epoch from d.ended_at)::float8 * 1000 as ended_at,
                      count(*) filter (where d.state = 'current' and r.state = 'latest') over () as current
               from source_records r cross join lateral (${documentOf("r.batch")}) d
               where r.tenant = $1 and r.connector = $2 and r.passage = $3 and d.state <> 'open'
               order by d.state = 'current' and r.state = 'latest' desc, d.ended_at desc nulls last, d.path, r.number
               limit 1`,
        values: [at.tenant, at.connector, hash],
      });
      if (!row) return undefined;
      return row.current > 0 ? toPassage({ ...row, places: row.current }) : readFormer(db, at, row);
    },
    list: async ({ tenant, connector }, { under, after, limit }) => {
      const rows = await db.query<DocumentRow>({
        name: "documents-list",
        // What its passages are held back for may stand in its title too.
        text: `select path, digest as document, format,
                      coalesce((select d.title from source_records r where r.tenant = $1 and r.connector = $2
                                  and r.batch = d.batch and r.state || '' = 'latest' limit 1), '') as title,
                      bytes, pages, passages, hidden,
                      extract(epoch from as_of)::float8 * 1000 as "asOf",
                      extract(epoch from received_at)::float8 * 1000 as "receivedAt"
               from source_documents d
               where tenant = $1 and connector = $2 and state = 'current' and path > $3 and ${isUnder("$5")}
               order by path limit $4`,
        values: [tenant, connector, after, limit, under ?? null],
      });
      return rows.map(({ pages, ...row }) => ({ ...row, pages: pages ?? undefined }));
    },
  };
}

/** Of a word that stands in very many passages not all are ranked. */
const rankedMax = 2000;

async function search(
  db: Database,
  at: SourceAt,
  { query, under, limit, language }: PassageSearch,
): ReturnType<SourceDocuments["search"]> {
  const [words] = await db.query<{ all: string; any: string }>({
    name: "document-words",
    // Words hold no blanks, so ' & ' stands between two of them only.
    text: `select websearch_to_tsquery($1::regconfig, $2)::text as all,
                  replace(plainto_tsquery($1::regconfig, $2)::text, ' & ', ' | ') as any`,
    values: [language, query],
  });
  for (const match of ["all", "any"] as const) {
    const asked = words?.[match] ?? "";
    if (asked === "") continue;
    // oxlint-disable-next-line no-await-in-loop -- the second only where the first finds nothing
    const rows = await db.query<PassageRow & { readonly places: number }>({
      name: "document-search",
      text: `with hits as (
               select ${passageColumns}, r.passage, r.words, r.number, d.path
               from source_records r cross join lateral (${documentOf("r.batch")}) d
               where r.tenant || '' = $1 and r.connector || '' = $2 and r.state = 'latest' and d.state = 'current'
                 and r.words is not null and r.words @@ ($3::tsquery && quote_literal($4)::tsquery) and ${isUnder("$5")}
               limit ${rankedMax}),
             texts as (
               select distinct on (passage) *, ts_rank_cd(words, $3::tsquery, 1) as rank,
                      count(*) over (partition by passage) as places
               from hits order by passage, rank desc, path, number)
             select value, batch, as_of, received_at, places from texts order by rank desc, path, number limit $6`,
      values: [at.tenant, at.connector, asked, scopeWord(at), under ?? null, limit + 1],
    });
    if (rows.length > 0) {
      return { passages: rows.slice(0, limit).map(toPassage), match, more: rows.length > limit };
    }
  }
  return { passages: [], match: "all", more: false };
}

/**
 * One look in an index for each passage. A join would be planned, as long as the tables have no statistics, for hardly a row
 * on either side; for the same reason a search hides tenant and source from every index but that of the words, which has both.
 */
const documentOf = (batch: string): string =>
  `select * from source_documents where tenant = $1 and connector = $2 and batch = ${batch} limit 1`;

const passageColumns = `r.value, r.batch, extract(epoch from r.as_of)::float8 * 1000 as as_of,
  extract(epoch from r.received_at)::float8 * 1000 as received_at`;

const isUnder = (parameter: string): string =>
  `(${parameter}::text is null or d.path = ${parameter} or starts_with(d.path, ${parameter} || '/'))`;

type PassageRow = {
  readonly value: string;
  readonly batch: string;
  readonly as_of: number | null;
  readonly received_at: number;
};
type Former = {
  readonly state: FormerPassage["state"] | "current";
  readonly digest: string;
  readonly path: string;
  readonly moved_to: string | null;
  readonly ended_at: number | null;
  readonly current: number;
};
type DocumentRow = Omit<ListedDocument, "pages"> & { readonly pages: number | null };

function toPassage(row: PassageRow & { readonly places: number }): FoundPassage {
  return {
    value: JSON.parse(row.value) as Json,
    batch: row.batch,
    asOf: row.as_of ?? undefined,
    receivedAt: row.received_at,
    alsoIn: row.places - 1,
  };
}

async function readFormer(
  db: Database,
  { tenant, connector }: SourceAt,
  { state, digest, path, moved_to: movedTo, ended_at: endedAt }: Former,
): Promise<FormerPassage> {
  const [now] = await db.query<{ path: string; document: string }>({
    name: "document-now",
    text: `select path, digest as document from source_documents
           where tenant = $1 and connector = $2 and path = $3 and state = 'current'`,
    values: [tenant, connector, movedTo ?? path],
  });
  return {
    // A passage of a current document that was taken back by its own record is superseded as well.
    state: state === "current" ? "superseded" : state,
    document: digest,
    path,
    since: endedAt ?? 0,
    ...(now === undefined ? {} : { now }),
  };
}
