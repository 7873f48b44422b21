/** A file source on a real store, run by hand: what tests of file drops are made of. */
import { tmpdir } from "node:os";
import path from "node:path";

import type { FileConnector, JsonObject, SecretRef, Snapshot, SourceContractDocument } from "@airworthy/contract";

import { fillUrl, readPem, readSecret } from "../../packages/server/src/dataplane/5-execution/connectors/secrets.ts";
import { createIntake } from "../../packages/server/src/intake/create-intake.ts";
import { fileDriver } from "../../packages/server/src/intake/files/file-driver.ts";
import type { SourceIntake } from "../../packages/server/src/intake/source-driver.ts";
import { createPeers } from "../../packages/server/src/kernel/network/create-peers.ts";
import type { Database } from "../../packages/server/src/store/database.ts";
import { createSourceStore } from "../../packages/server/src/store/sources.ts";

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
export async function startFileSource(
  db: Database,
  connector: FileConnector,
  around: (intake: SourceIntake) => SourceIntake = (intake) => intake,
  spool = path.join(tmpdir(), "airworthy-no-spool"),
): Promise<{ readonly ended: Promise<void>; readonly stop: () => Promise<void> }> {
  const store = createSourceStore(db);
  const holder = `node-${process.pid}-${Math.random()}`;
  const lease = await store.acquire({ tenant: "t", connector: connector.name }, holder);
  if (!lease) throw new Error("no lease");
  const snapshot = { contracts: { payments: paymentsContract }, tools: {}, connectors: {} } as unknown as Snapshot;
  const abort = new AbortController();
  const untyped = fileDriver.untyped(connector);
  const intake = createIntake({ store, lease, snapshot, connector, untyped, now: Date.now });
  const { env } = process;
  const secret = (ref: SecretRef): string => readSecret(ref, env);
  const pem = (ref: SecretRef): string => readPem(ref, env);
  const fill = (text: string): string => fillUrl(text, env);
  const peers = createPeers({ text: pem, fill, now: Date.now });
  const run = { tenant: "t", connector, snapshot, intake: around(intake), secret, pem, spool, fill, peers };
  const ended = fileDriver.run({ ...run, signal: abort.signal }).then(
    () => undefined,
    async (error: unknown) => {
      await store.release(lease, holder);
      throw error;
    },
  );
  return {
    ended,
    async stop() {
      abort.abort();
      await ended;
      await store.release(lease, holder);
    },
  };
}

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

export async function valueOf(db: Database, connector: string, key: string): Promise<JsonObject | undefined> {
  const [row] = await db.query<{ value: string }>({
    text: "select value from source_records where tenant = 't' and connector = $1 and key = $2 and state = 'latest'",
    values: [connector, key],
  });
  return row && (JSON.parse(row.value) as JsonObject);
}
