/** Measures bringing records in: read, held to a contract and written once with their position, against a bare insert of the same rows. */
import { performance } from "node:perf_hooks";

import type { IngestConnector, Json, Snapshot, SourceContractDocument } from "@airworthy/contract";
import { launchDatabase } from "@airworthy/server";

import { createIntake } from "../packages/server/src/intake/create-intake.ts";
import { type Database, openDatabase } from "../packages/server/src/store/database.ts";
import { migrate } from "../packages/server/src/store/migrate.ts";
import { ensureTenantRows } from "../packages/server/src/store/snapshots.ts";
import { createSourceStore } from "../packages/server/src/store/sources.ts";
import type { Benchmark } from "./bench.ts";
import { temporaryFolder } from "./processes.ts";
import { type Row, WrongAnswer } from "./row.ts";

const partSize = 500;
const tenant = "main";

const contract: SourceContractDocument = {
  apiVersion: "airworthy/v1",
  kind: "SourceContract",
  name: "orders",
  version: 1,
  fields: [
    { name: "id", type: "text", nullable: false },
    { name: "rev", type: "integer", nullable: false },
    { name: "status", type: "text", nullable: false, allowed: ["open", "paid", "void"] },
    { name: "total", type: "integer", nullable: false, range: { min: 0 } },
    { name: "at", type: "timestamp", nullable: false },
  ],
};

export const benchIngest: Benchmark = async ({ quick }) => {
  const records = quick ? 2000 : 20_000;
  const folder = temporaryFolder();
  const running = await launchDatabase({ folder: folder.path, onProgress: () => undefined });
  const db = openDatabase({ ...running.connection, ssl: false });
  try {
    await migrate(db);
    await ensureTenantRows(db, tenant);
    await db.query({ text: "create table bare (key text primary key, value text not null)" });
    const rounds = quick ? 1 : 3;
    const rates: { ours: number; bare: number }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const bare = await insertBare(db, records, round);
      const ours = await bringIn(db, records, round);
      rates.push({ ours: (records / ours) * 1000, bare: (records / bare) * 1000 });
    }
    const best = rates.toSorted((left, right) => right.ours - left.ours)[0] ?? { ours: 0, bare: 1 };
    const median = rates.map(({ ours }) => ours).toSorted((left, right) => left - right)[Math.floor(rounds / 2)] ?? 0;
    const row: Row = {
      what: `records brought in, parts of ${partSize}, ${records.toLocaleString("en-GB")} records`,
      value: best.ours,
      unit: "/s",
      median,
      ratios: [{ to: "the rate of a bare insert of the same rows in the same parts", ratio: best.ours / best.bare }],
    };
    return [row];
  } finally {
    await db.close();
    await running.stop();
    folder.remove();
  }
};

const recordOf = (index: number): Json => ({
  id: `o-${index}`,
  rev: 1,
  status: "open",
  total: index,
  at: "2026-01-02T03:04:05Z",
});

async function bringIn(db: Database, records: number, round: number): Promise<number> {
  const connector: IngestConnector = {
    apiVersion: "airworthy/v1",
    kind: "Connector",
    name: `orders-${round}`,
    type: "webhook",
    verify: { by: "bearer", token: { env: "T" } },
    records: [{ record: "order", contract: "orders", key: "$.id", version: "$.rev", asOf: "$.at" }],
    tools: [{ name: "orders.get", effect: "read", input: { type: "object" }, find: { record: "order", by: "$.id" } }],
  };
  const store = createSourceStore(db);
  const lease = await store.acquire({ tenant, connector: connector.name }, "bench");
  if (!lease) throw new WrongAnswer("a fresh source was leased to somebody else");
  // Of the snapshot nothing else is read.
  const snapshot: Snapshot = {
    tenant,
    version: 1,
    digest: "bench",
    agents: {},
    connectors: {},
    tools: {},
    people: {},
    teams: {},
    budgets: {},
    policies: [],
    dataClasses: {},
    dataRules: {},
    agreements: {},
    issuers: {},
    contracts: { orders: contract },
  };
  const intake = createIntake({ store, lease, snapshot, connector, untyped: false, now: Date.now });
  let taken = 0;
  const began = performance.now();
  for (let from = 0; from < records; from += partSize) {
    const messages = Array.from({ length: Math.min(partSize, records - from) }, (_, index) => {
      return { number: from + index + 1, payload: recordOf(from + index) };
    });
    const batch = { id: `b-${from}`, origin: "bench", digest: `d-${from}` };
    const outcome = await intake.deliver({ batch, messages, position: String(from + messages.length) });
    taken += outcome.records;
  }
  const ms = performance.now() - began;
  const [row] = await db.query<{ count: number }>({
    text: "select count(*)::int as count from source_records where connector = $1 and state = 'latest'",
    values: [connector.name],
  });
  if (taken !== records || row?.count !== records) throw new WrongAnswer("not every record was brought in once");
  return ms;
}

/** What any program would do that wrote the same values, unchecked, in transactions of the same size. */
async function insertBare(db: Database, records: number, round: number): Promise<number> {
  const began = performance.now();
  for (let from = 0; from < records; from += partSize) {
    const part = Array.from({ length: Math.min(partSize, records - from) }, (_, index) => from + index);
    await db.transaction((tx) =>
      tx.query({
        text: "insert into bare (key, value) select * from unnest($1::text[], $2::text[])",
        values: [part.map((index) => `${round}-${index}`), part.map((index) => JSON.stringify(recordOf(index)))],
      }),
    );
  }
  return performance.now() - began;
}
