/** Windows of watched sources at the store: filled by many, each compared once, and never by whoever came too late. */
import type { KeptSample, ReadinessFinding, SourceContractDocument } from "@airworthy/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createContractSampler } from "../../packages/server/src/controlplane/readiness/contract-sampler.ts";
import { keepSample, readSample } from "../../packages/server/src/controlplane/readiness/keep-sample.ts";
import { mergeSamples } from "../../packages/server/src/controlplane/readiness/merge-samples.ts";
import type { ClaimedWindow, ReadinessStore } from "../../packages/server/src/kernel/readiness-store.ts";
import { openDatabase, type Database } from "../../packages/server/src/store/database.ts";
import { createLedgerWriter, type LedgerWriter } from "../../packages/server/src/store/ledger-writer.ts";
import { migrate } from "../../packages/server/src/store/migrate.ts";
import { createReadinessStore } from "../../packages/server/src/store/readiness.ts";
import { ensureTenantRows } from "../../packages/server/src/store/snapshots.ts";
import { listNotReady } from "../../packages/server/src/store/source-findings.ts";
import { forgetWindows } from "../../packages/server/src/store/source-windows.ts";
import { testDatabase } from "../support/database.ts";

const contract: SourceContractDocument = {
  apiVersion: "airworthy/v1",
  kind: "SourceContract",
  name: "orders",
  version: 1,
  fields: [{ name: "customer", type: "text", nullable: false }],
};
const marker = "Mrs. Abernathy";

function sampleOf(records: number): KeptSample {
  const sampler = createContractSampler(contract, 1);
  for (let at = 0; at < records; at += 1) sampler.accept({ columns: ["customer"], cells: [marker] }, false);
  return keepSample(sampler.sample());
}
const mergeOf =
  (part: KeptSample) =>
  (held: KeptSample | undefined): KeptSample =>
    held === undefined ? part : keepSample(mergeSamples(readSample(held), readSample(part), 1));

let database: Awaited<ReturnType<typeof testDatabase>>;
let db: Database;
let writer: LedgerWriter;
let nodes: readonly ReadinessStore[];
const clock = { now: Date.now, monotonicMs: () => performance.now() };
beforeAll(async () => {
  database = await testDatabase();
  db = openDatabase(database.connection);
  await migrate(db);
  for (const tenant of ["t", "u"]) await ensureTenantRows(db, tenant);
  writer = createLedgerWriter({ db, clock });
  nodes = [createReadinessStore(db, writer), createReadinessStore(db, writer)];
});
afterAll(async () => {
  await writer.close();
  await db.close();
  await database.drop();
});

const node = (at: number): ReadinessStore => {
  const one = nodes[at % nodes.length];
  if (one === undefined) throw new Error("no node");
  return one;
};
let contracts = 0;
async function openWatch(): Promise<{ at: { tenant: string; contract: string }; name: string }> {
  contracts += 1;
  const name = `orders-${contracts}`;
  await node(0).setBaseline("t", { contract: name, origin: "pilot.csv", sample: sampleOf(300), by: "olga" });
  return { at: { tenant: "t", contract: name }, name };
}
const fill = (at: { tenant: string; contract: string }, records: number, full: number, by = 0) =>
  node(by).add(at, { full, collects: undefined, merge: mergeOf(sampleOf(records)) });
async function claim(name: string, by = 0): Promise<ClaimedWindow> {
  const claimed = await node(by).claim("t", [name]);
  if (claimed === undefined) throw new Error("nothing to claim");
  return claimed;
}
const severe: ReadinessFinding = { kind: "unseen", severity: "severe", field: "customer", sentence: `like ${marker}` };
const notice: ReadinessFinding = { ...severe, severity: "notice" };

describe("a window", { timeout: 60_000 }, () => {
  it("is filled by all nodes at once, and counts every record once", async () => {
    const { at, name } = await openWatch();
    await Promise.all(Array.from({ length: 20 }, (_, part) => fill(at, 10 + part, 10_000, part)));
    const [read] = await node(1).read("t", { contracts: [name], closed: false });
    expect(read?.windows).toMatchObject([{ number: 1, state: "open", records: 390 }]);
    await fill(at, 10, 400);
    expect((await claim(name)).sample.records).toBe(400);
  });

  it("is not kept without a baseline, unless one is to be taken from it", async () => {
    const at = { tenant: "t", contract: "nobody" };
    expect(await fill(at, 50, 50)).toBeUndefined();
    const part = { full: 50, collects: 120, merge: mergeOf(sampleOf(70)) };
    expect(await node(0).add(at, part)).toEqual({ window: 1, isFull: false });
    expect(await node(0).claim("t", ["nobody"])).toBeUndefined();
    await node(1).add(at, part);
    const claimed = await claim("nobody");
    expect(claimed).toMatchObject({ baseline: undefined, sample: { records: 140 } });
    const given = { contract: "nobody", origin: "first", sample: claimed.sample, by: "airworthy" };
    expect(await Promise.all([node(0).adopt(claimed, given), node(1).adopt(claimed, given)])).toEqual(
      expect.arrayContaining([true, false]),
    );
    const [read] = await node(0).read("t", { contracts: ["nobody"], closed: false });
    expect(read?.baseline).toMatchObject({ number: 1, records: 140, by: "airworthy" });
  });

  it("is closed by time only with enough in it", async () => {
    const { at, name } = await openWatch();
    await fill(at, 99, 10_000);
    await node(0).closeAfter(at, { ms: 0, records: 100 });
    expect(await node(0).claim("t", [name])).toBeUndefined();
    await fill(at, 1, 10_000);
    await node(0).closeAfter(at, { ms: 3_600_000, records: 100 });
    expect(await node(0).claim("t", [name])).toBeUndefined();
    await node(0).closeAfter(at, { ms: 0, records: 100 });
    expect((await claim(name)).sample.records).toBe(100);
  });

  it("is compared by one node, at a look of its own", async () => {
    const { at, name } = await openWatch();
    for (let window = 0; window < 4; window += 1) await fill(at, 100, 100);
    const claims = await Promise.all(Array.from({ length: 8 }, (_, by) => node(by).claim("t", [name])));
    const held = claims.filter((one) => one !== undefined);
    expect(new Set(held.map(({ number }) => number))).toEqual(new Set([1, 2, 3, 4]));
    expect(new Set(held.map(({ look }) => look))).toEqual(new Set([1, 2, 3, 4]));
  });

  it("whose node fell silent is taken over with the same look, and the late one writes nothing", async () => {
    const { at, name } = await openWatch();
    await fill(at, 100, 100);
    const late = await claim(name);
    await db.query({ text: "update source_windows set claimed_until = 'epoch' where contract = $1", values: [name] });
    const next = await claim(name, 1);
    expect(next).toMatchObject({ number: late.number, look: late.look, claim: late.claim + 1 });
    expect(await node(0).settle(late, { level: 0.005, findings: [severe] })).toBe(false);
    expect(await listNotReady(db, "t")).not.toContain(name);
    expect(await node(1).settle(next, { level: 0.005, findings: [severe] })).toBe(true);
    expect(await node(1).settle(next, { level: 0.005, findings: [severe] })).toBe(false);
    expect(await listNotReady(db, "t")).toContain(name);
    expect(await listNotReady(db, "u")).toEqual([]);
  });

  it("of an older baseline is dropped, also while it is compared", async () => {
    const { at, name } = await openWatch();
    await fill(at, 100, 100);
    const claimed = await claim(name);
    await node(1).setBaseline("t", { contract: name, origin: "new.csv", sample: sampleOf(200), by: "olga" });
    expect(await node(0).settle(claimed, { level: 0.005, findings: [severe] })).toBe(false);
    await fill(at, 100, 100);
    expect(await claim(name)).toMatchObject({ look: 1, baseline: { number: 2, sample: { records: 200 } } });
  });
});

it("that is long over is forgotten, and what fills or waits is not", async () => {
  const { at, name } = await openWatch();
  await fill(at, 100, 100);
  await node(0).settle(await claim(name), { level: 0.005, findings: [severe] });
  await fill(at, 100, 100);
  await fill(at, 50, 100);
  await forgetWindows(db, "u", 0);
  await forgetWindows(db, "t", 3_600_000);
  const states = async (): Promise<readonly string[]> => {
    const [read] = await node(0).read("t", { contracts: [name], closed: false });
    expect(read?.findings).toHaveLength(1);
    return read?.windows.map(({ state }) => state) ?? [];
  };
  expect(await states()).toEqual(["open", "closed", "compared"]);
  await forgetWindows(db, "t", 0);
  expect(await states()).toEqual(["open", "closed"]);
});

describe("a finding", { timeout: 60_000 }, () => {
  it("opens again when it becomes severe, stays severe until answered, and closes for good", async () => {
    const { at, name } = await openWatch();
    const look = async (finding: ReadinessFinding) => {
      await fill(at, 100, 100);
      await node(0).settle(await claim(name), { level: 0.001, findings: [finding] });
      const [read] = await node(0).read("t", { contracts: [name], closed: true });
      return read?.findings ?? [];
    };
    const [first] = await look(notice);
    const id = first?.id ?? "fnd_";
    await node(0).decide("t", { id, state: "acknowledged", by: "olga", reason: "known" });
    expect(await look(notice)).toMatchObject([{ id, state: "acknowledged", windows: 2 }]);
    expect(await look(severe)).toMatchObject([{ id, state: "open", windows: 3, finding: { severity: "severe" } }]);
    expect(await look(notice)).toMatchObject([{ id, state: "open", finding: { severity: "severe" } }]);
    await node(0).decide("t", { id, state: "closed", by: "olga", reason: "mended" });
    await expect(node(0).decide("t", { id, state: "closed", by: "vera", reason: "r" })).rejects.toMatchObject({
      code: "conflict",
    });
    await expect(node(0).decide("u", { id, state: "closed", by: "vera", reason: "r" })).rejects.toMatchObject({
      code: "not_found",
    });
    const again = await look(severe);
    expect(again.map((one) => `${one.state} ${one.windows}`)).toEqual(expect.arrayContaining(["closed 4", "open 1"]));
    expect(again).toHaveLength(2);
  });
});

it("no value of a record stands in the clear, in any table or in the ledger", { timeout: 60_000 }, async () => {
  const { at, name } = await openWatch();
  await fill(at, 100, 100);
  await node(0).settle(await claim(name), { level: 0.005, findings: [severe] });
  await fill(at, 50, 100);
  const tables = ["source_baselines", "source_windows", "source_findings", "ledger_bodies", "ledger_entries"];
  for (const table of tables) {
    const rows = await db.query<{ row: string }>({
      text: `select encode(convert_to(t::text, 'UTF8'), 'escape') as row from ${table} t`,
    });
    expect(rows.length).toBeGreaterThan(0);
    // Bytes are shown as hexadecimal digits.
    for (const { row } of rows) {
      expect(row).not.toContain(marker);
      expect(row).not.toContain(Buffer.from(marker).toString("hex"));
    }
  }
});
