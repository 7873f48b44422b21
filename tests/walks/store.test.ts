/** The store by itself: recorded decisions page by page, observations forgotten in batches, approvals as they are shown. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import type { ActionId } from "@airworthy/contract";
import { afterAll, beforeAll, expect, it } from "vitest";

import { newId } from "../../packages/server/src/kernel/ids.ts";
import type { NoteVerifier } from "../../packages/server/src/kernel/signed-note.ts";
import { createApprovalStore } from "../../packages/server/src/store/approvals.ts";
import { createLedgerReader } from "../../packages/server/src/store/ledger-reader.ts";
import { ensurePartitions } from "../../packages/server/src/store/ledger-rows.ts";
import { createLedgerWriter, type LedgerWriter } from "../../packages/server/src/store/ledger-writer.ts";
import { forgetObservations } from "../../packages/server/src/store/observations.ts";
import { openStore } from "../../packages/server/src/store/open-store.ts";
import { ensureTenantRows } from "../../packages/server/src/store/snapshots.ts";
import { testDatabase } from "../support/database.ts";
import { databaseUrlOf } from "../support/server.ts";

let database: Awaited<ReturnType<typeof testDatabase>>;
let store: Awaited<ReturnType<typeof openStore>>;
let writer: LedgerWriter;
const dataDir = mkdtempSync(path.join(tmpdir(), "airworthy-store-"));

beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ dataDir, databaseUrl: databaseUrlOf(database.connection), onProgress: () => undefined });
  await ensureTenantRows(store.db, "main");
  writer = createLedgerWriter({ db: store.db, clock: { now: Date.now, monotonicMs: () => performance.now() } });
});
afterAll(async () => {
  await writer.close();
  await store.close();
  await database.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

it("opens a day for many tenants at once", async () => {
  await Promise.all(Array.from({ length: 10 }, () => ensurePartitions(store.db, "2031-05-06")));
  const rows = await store.db.query({ text: "select 1 from pg_class where relname = 'ledger_entries_20310507'" });
  expect(rows).toHaveLength(1);
});

it("reads recorded decisions newest first, one an action, over many pages of entries", async () => {
  const ids = Array.from({ length: 2600 }, () => newId("act"));
  const draft = (action: ActionId, kind: "started" | "waiting", turn: number) => ({
    kind,
    action,
    agent: "clerk",
    tool: "shop.refund",
    body: { policy: { request: { turn } } },
  });
  // Written in a few batches, so that many entries have the same time.
  for (let from = 0; from < ids.length; from += 1300) {
    const batch = ids.slice(from, from + 1300);
    await writer.append("main", async () => ({ drafts: batch.map((id, at) => draft(id, "waiting", at)), value: 0 }));
  }
  const [again = newId("act")] = ids;
  await writer.append("main", async () => ({
    drafts: [draft(again, "started", -1), { kind: "finished" as const, action: again, agent: "clerk", body: {} }],
    value: 0,
  }));
  const reader = createLedgerReader(store.db, {} as NoteVerifier);
  const newest = [again, ...ids.slice(1).toReversed()];
  for (const limit of [1, 1500, 2600, 10_000]) {
    const found = await reader.decisions("main", limit);
    expect(found.map(({ action }) => action)).toEqual(newest.slice(0, limit));
    expect(found[0]).toEqual({ action: again, agent: "clerk", tool: "shop.refund", request: { turn: -1 } });
  }
  expect(await reader.decisions("other", 10)).toEqual([]);
});

it("forgets old observations in batches until none is left, and keeps the others", async () => {
  const insert = (count: number, age: string, tenant: string) =>
    store.db.query({
      text: `insert into observations (tenant, id, principal, fact, key, value, value_digest, source, fetched_at)
             select $3, $2 || n, 'clerk', 'f', 'k', '1', 'd', 's', clock_timestamp() - $2::interval
             from generate_series(1, $1::int) as n`,
      values: [count, age, tenant],
    });
  await insert(12_345, "8 days", "main");
  await insert(7, "6 days", "main");
  await insert(3, "8 days", "other");
  const left = async (tenant: string): Promise<number> =>
    (await store.db.query({ text: "select 1 from observations where tenant = $1", values: [tenant] })).length;
  const olderThanMs = 7 * 86_400_000;

  // Asked to end, it ends after the batch it is in.
  expect(await forgetObservations(store.db, "main", { olderThanMs, signal: AbortSignal.abort() })).toBe(5000);
  expect(await forgetObservations(store.db, "main", { olderThanMs })).toBe(7345);
  expect([await left("main"), await left("other")]).toEqual([7, 3]);
});

it("lists approvals by the status that is shown: past its time one is expired, whatever has been written down", async () => {
  const ask = (id: string, status: string, expires: string) =>
    store.db.query({
      text: `insert into approvals (tenant, id, action, binding, status, shown, expires_at)
             values ('main', $1, 'act_' || $1, 'b', $2, '{"approvers":["finance"],"reasons":[],"facts":[]}',
                     clock_timestamp() + $3::interval)`,
      values: [id, status, expires],
    });
  await ask("open", "pending", "1 hour");
  await ask("late", "pending", "-1 hour");
  await ask("late-yes", "approved", "-1 hour");
  await ask("gone", "expired", "-2 hours");
  const { list } = createApprovalStore(store.db, writer);
  const listed = async (status: "pending" | "approved" | "expired" | undefined, team?: string) =>
    (await list("main", { status, team, limit: 10 })).map(({ id, status: shown }) => `${id} ${shown}`).toSorted();
  expect(await listed("pending")).toEqual(["open pending"]);
  expect(await listed("approved")).toEqual([]);
  expect(await listed("expired", "finance")).toEqual(["gone expired", "late expired", "late-yes expired"]);
  expect(await listed(undefined)).toHaveLength(4);
  expect(await listed(undefined, "risk")).toEqual([]);
});
