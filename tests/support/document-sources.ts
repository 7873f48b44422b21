/** A folder of documents on a real store, run by hand: what tests of document sources are made of. */
import type { DocumentsConnector, SourceContractDocument } from "@airworthy/contract";

import { documentsDriver } from "../../packages/server/src/intake/documents/documents-driver.ts";
import type { Database } from "../../packages/server/src/store/database.ts";
import { runSource, type Around, type RunningSource } from "./run-source.ts";

/** As the how-to shows it. */
export const passagesContract: SourceContractDocument = {
  apiVersion: "airworthy/v1",
  kind: "SourceContract",
  name: "passages",
  version: 1,
  fields: [
    { name: "hash", type: "text", nullable: false, maxLength: 64 },
    { name: "document", type: "text", nullable: false, maxLength: 64 },
    { name: "path", type: "text", nullable: false, maxLength: 480 },
    { name: "title", type: "text", nullable: true, maxLength: 200 },
    { name: "format", type: "text", nullable: false, allowed: ["text", "markdown", "pdf"] },
    { name: "headings", type: "list", nullable: true, maxLength: 6 },
    { name: "page", type: "integer", nullable: true, range: { min: 1 } },
    { name: "ordinal", type: "integer", nullable: false, range: { min: 1 } },
    { name: "text", type: "text", nullable: false, maxLength: 3000 },
    { name: "hidden", type: "integer", nullable: false, range: { min: 0, max: 0 } },
  ],
};

export function documentsConnectorOf(
  name: string,
  folder: string,
  extra: Partial<DocumentsConnector> = {},
): DocumentsConnector {
  const input = { type: "object" };
  return {
    apiVersion: "airworthy/v1",
    kind: "Connector",
    name,
    type: "documents",
    folder,
    stable: "0ms",
    every: "1s",
    records: [{ record: "passage", contract: "passages" }],
    tools: [{ name: `${name}.search`, effect: "read", input, search: { query: "$.words" } }],
    ...extra,
  };
}

/** One node that brings the source in until `stop`; `around` may break what it delivers. */
export const startDocuments = (db: Database, connector: DocumentsConnector, around?: Around): Promise<RunningSource> =>
  runSource(db, { driver: documentsDriver, connector, contracts: { passages: passagesContract } }, around);

export type DocumentRow = { path: string; version: number; state: string; reason: string | null; digest: string };

/** Every version of every document, in order. */
export function documentsOf(db: Database, connector: string): Promise<DocumentRow[]> {
  return db.query<DocumentRow>({
    text: `select path, version, state, reason, digest from source_documents
           where tenant = 't' and connector = $1 order by path, version`,
    values: [connector],
  });
}
