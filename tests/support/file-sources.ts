/** A file source on a real store, run by hand: what tests of file drops are made of. */
import type { FileConnector, JsonObject, SourceContractDocument } from "@airworthy/contract";

import { fileDriver } from "../../packages/server/src/intake/files/file-driver.ts";
import type { Database } from "../../packages/server/src/store/database.ts";
import { runSource, type Around, type RunningSource } from "./run-source.ts";

export const paymentsContract: SourceContractDocument = {
  apiVersion: "airworthy/v1",
  kind: "SourceContract",
  name: "payments",
  version: 1,
  unlisted: "refuse",
  fields: [
    { name: "id", type: "text", nullable: false, maxLength: 20 },
    { name: "amount", type: "number", nullable: false, range: { min: 0 } },
    { name: "day", type: "date", nullable: false },
    { name: "payee", type: "text", nullable: true },
  ],
};

export function fileConnectorOf(name: string, folder: string, extra: Partial<FileConnector> = {}): FileConnector {
  return {
    apiVersion: "airworthy/v1",
    kind: "Connector",
    name,
    type: "file",
    folder,
    files: "payments_*",
    format: "csv",
    whole: { done: ".done" },
    records: [{ record: "payment", contract: "payments", key: "$.id" }],
    tools: [
      { name: `${name}.get`, effect: "read", input: { type: "object" }, find: { record: "payment", by: "$.id" } },
    ],
    ...extra,
  };
}

/** One node that brings the source in until `stop`; `around` may break what it delivers. */
export const startFileSource = (
  db: Database,
  connector: FileConnector,
  around?: Around,
  spool?: string,
): Promise<RunningSource> =>
  runSource(db, { driver: fileDriver, connector, contracts: { payments: paymentsContract }, spool }, around);

export type SourceCounts = { records: number; quarantined: number; duplicates: number; late: number };

export async function countsOf(db: Database, connector: string): Promise<SourceCounts> {
  const [row] = await db.query<SourceCounts>({
    text: `select records::int, quarantined::int, duplicates::int, late::int from source_state
           where tenant = 't' and connector = $1`,
    values: [connector],
  });
  return row ?? { records: 0, quarantined: 0, duplicates: 0, late: 0 };
}

export type BatchRow = { batch: string; state: string; reason: string | null; records: number; quarantined: number };

export function batchesOf(db: Database, connector: string): Promise<BatchRow[]> {
  return db.query<BatchRow>({
    text: `select batch, state, reason, records::int, quarantined::int from source_batches
           where tenant = 't' and connector = $1 order by received_at, batch`,
    values: [connector],
  });
}

/** All batches, once there are so many that are not open. */
export async function settledBatches(db: Database, connector: string, count: number): Promise<BatchRow[]> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- until it is so; the test's limit ends it
    const batches = await batchesOf(db, connector);
    if (batches.filter(({ state }) => state !== "open").length >= count) return batches;
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

export async function valueOf(db: Database, connector: string, key: string): Promise<JsonObject | undefined> {
  const [row] = await db.query<{ value: string }>({
    text: "select value from source_records where tenant = 't' and connector = $1 and key = $2 and state = 'latest'",
    values: [connector, key],
  });
  return row && (JSON.parse(row.value) as JsonObject);
}
