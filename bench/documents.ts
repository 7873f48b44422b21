/** Measures documents brought in from a folder tree, against reading and hashing the same files; and the search over them. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { performance } from "node:perf_hooks";

import type { DocumentsConnector, Snapshot, SourceContractDocument } from "@airworthy/contract";
import { launchDatabase } from "@airworthy/server";

import { createIntake } from "../packages/server/src/intake/create-intake.ts";
import { documentsDriver } from "../packages/server/src/intake/documents/documents-driver.ts";
import { type Database, openDatabase } from "../packages/server/src/store/database.ts";
import { migrate } from "../packages/server/src/store/migrate.ts";
import { refreshStatistics } from "../packages/server/src/store/refresh-statistics.ts";
import { ensureTenantRows } from "../packages/server/src/store/snapshots.ts";
import { createSourceDocuments } from "../packages/server/src/store/source-documents.ts";
import { createSourceStore } from "../packages/server/src/store/sources.ts";
import type { Benchmark } from "./bench.ts";
import { temporaryFolder } from "./processes.ts";
import { type Row, WrongAnswer } from "./row.ts";

const tenant = "main";
const name = "library";
const words =
  "refund policy invoice supplier account payment receipt customer order carrier shipment hold dispute limit approval".split(
    " ",
  );
const wordAt = (at: number): string => words[at % words.length] ?? "";
const prose = (seed: number): string => Array.from({ length: 40 }, (_, at) => wordAt(seed * 7 + at * 13)).join(" ");
const textOf = (at: number): string =>
  `# Case ${at}\n\nThe account of case ${at} is AC-${at}. ${prose(at)}.\n\n## Terms\n\nPaid within ${at % 90} days. ${prose(at + 3)}.\n`;

const contract: SourceContractDocument = {
  apiVersion: "airworthy/v1",
  kind: "SourceContract",
  name: "passages",
  version: 1,
  unlisted: "ignore",
  fields: [
    { name: "hash", type: "text", nullable: false, maxLength: 64 },
    { name: "text", type: "text", nullable: false, maxLength: 3000 },
    { name: "hidden", type: "integer", nullable: false, range: { min: 0, max: 0 } },
  ],
};

export const benchDocuments: Benchmark = async ({ quick }) => {
  const count = quick ? 500 : 10_000;
  const files = temporaryFolder();
  const folder = temporaryFolder();
  const running = await launchDatabase({ folder: folder.path, onProgress: () => undefined });
  const db = openDatabase({ ...running.connection, ssl: false });
  try {
    const paths = writeFiles(files.path, count);
    await migrate(db);
    await ensureTenantRows(db, tenant);
    const bareMs = readBare(paths);
    const oursMs = await bringIn(db, files.path, count);
    // As a server does in the background.
    await refreshStatistics(db);
    const rare = await searchFor(db, quick ? 20 : 200, (at) => `account AC-${(at * 37) % count}`);
    const common = await searchFor(db, quick ? 5 : 50, (at) => `${wordAt(at)} ${wordAt(at + 1)}`);
    const rows: Row[] = [
      {
        what: `documents brought in, ${count.toLocaleString("en-GB")} of Markdown, 2 passages each`,
        value: (count / oursMs) * 1000,
        unit: "/s",
        ratios: [{ to: "the time of reading and hashing the same files", ratio: oursMs / bareMs }],
      },
      {
        what: `search for a rare word in them, p50 (p99 ${rare.p99.toFixed(1)} ms)`,
        value: rare.p50,
        unit: "ms",
        ratios: [],
      },
      {
        what: `search for words of every passage, p50 (p99 ${common.p99.toFixed(1)} ms)`,
        value: common.p50,
        unit: "ms",
        ratios: [],
      },
    ];
    return rows;
  } finally {
    await db.close();
    await running.stop();
    folder.remove();
    files.remove();
  }
};

function writeFiles(root: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => {
    const folder = path.join(root, `part-${Math.floor(at / 500)}`);
    if (at % 500 === 0) mkdirSync(folder);
    const file = path.join(folder, `case-${at}.md`);
    writeFileSync(file, textOf(at));
    return file;
  });
}

function readBare(paths: readonly string[]): number {
  const began = performance.now();
  for (const file of paths) createHash("sha256").update(readFileSync(file)).digest("hex");
  return performance.now() - began;
}

async function bringIn(db: Database, folder: string, count: number): Promise<number> {
  const connector: DocumentsConnector = {
    apiVersion: "airworthy/v1",
    kind: "Connector",
    name,
    type: "documents",
    folder,
    stable: "0ms",
    records: [{ record: "passage", contract: "passages" }],
    tools: [{ name: "library.search", effect: "read", input: { type: "object" }, search: { query: "$.words" } }],
  };
  const store = createSourceStore(db);
  const lease = await store.acquire({ tenant, connector: name }, "bench");
  if (!lease) throw new WrongAnswer("a fresh source was leased to somebody else");
  // Of the snapshot nothing else is read.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const snapshot = { contracts: { passages: contract }, tools: {}, connectors: {} } as unknown as Snapshot;
  const intake = createIntake({ store, lease, snapshot, connector, untyped: false, now: Date.now });
  const done = new AbortController();
  const caughtUp = async (): Promise<void> => done.abort();
  const none = (): string => "";
  const fill = (text: string): string => text;
  const parts = { secret: none, pem: none, spool: "", fill, peers: () => ({}), signal: done.signal };
  const began = performance.now();
  await documentsDriver.run({ tenant, connector, snapshot, intake: { ...intake, caughtUp }, ...parts });
  const ms = performance.now() - began;
  const [row] = await db.query<{ documents: number; passages: number }>({
    text: `select count(*)::int as passages, count(distinct batch)::int as documents from source_records where state = 'latest'`,
  });
  if (row?.documents !== count || row.passages !== 2 * count) throw new WrongAnswer("not every passage is in once");
  return ms;
}

async function searchFor(
  db: Database,
  times: number,
  queryOf: (at: number) => string,
): Promise<{ readonly p50: number; readonly p99: number }> {
  const documents = createSourceDocuments(db);
  const taken: number[] = [];
  for (let at = 0; at < times; at += 1) {
    const query = queryOf(at);
    const began = performance.now();
    // oxlint-disable-next-line no-await-in-loop -- one after the other, as one agent asks
    const found = await documents.search(
      { tenant, connector: name },
      { query, under: undefined, limit: 5, language: "simple" },
    );
    taken.push(performance.now() - began);
    if (found.passages.length === 0) throw new WrongAnswer(`nothing was found for ${query}`);
  }
  taken.sort((left, right) => left - right);
  return { p50: taken[Math.floor(times / 2)] ?? 0, p99: taken[Math.floor(times * 0.99)] ?? 0 };
}
