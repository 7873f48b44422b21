/** Bringing records in, at the store: once each, in order of their age, with their position, by one node. */
import type { IngestConnector, Json, Snapshot, SourceContractDocument } from "@airworthy/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createIntake } from "../../packages/server/src/intake/create-intake.ts";
import type { Delivery } from "../../packages/server/src/intake/source-driver.ts";
import { openDatabase, type Database } from "../../packages/server/src/store/database.ts";
import { migrate } from "../../packages/server/src/store/migrate.ts";
import { ensureTenantRows } from "../../packages/server/src/store/snapshots.ts";
import { createSourceRecords, createSourceStore } from "../../packages/server/src/store/sources.ts";
import { testDatabase } from "../support/database.ts";

const contract: SourceContractDocument = {
  apiVersion: "airworthy/v1",
  kind: "SourceContract",
  name: "vendors",
  version: 1,
  unlisted: "refuse",
  fields: [
    { name: "id", type: "text", nullable: false },
    { name: "rev", type: "integer", nullable: true },
    { name: "at", type: "timestamp", nullable: true },
    { name: "iban", type: "text", nullable: false, maxLength: 34 },
  ],
};

function connectorOf(name: string, extra: object): IngestConnector {
  return {
    apiVersion: "airworthy/v1",
    kind: "Connector",
    name,
    type: "webhook",
    verify: { by: "bearer", token: { env: "T" } },
    records: [{ record: "vendor", contract: "vendors", key: "$.id", ...extra }],
    tools: [{ name: `${name}.get`, effect: "read", input: { type: "object" }, find: { record: "vendor", by: "$.id" } }],
  };
}

let database: Awaited<ReturnType<typeof testDatabase>>;
let db: Database;
beforeAll(async () => {
  database = await testDatabase();
  db = openDatabase(database.connection);
  await migrate(db);
  for (const tenant of ["t", "u"]) await ensureTenantRows(db, tenant);
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

async function open(name: string, extra: object = { version: "$.rev" }, holder = "node-1") {
  const connector = connectorOf(name, extra);
  const snapshot = { contracts: { vendors: contract }, tools: {}, connectors: {} } as unknown as Snapshot;
  const store = createSourceStore(db);
  const lease = await store.acquire({ tenant: "t", connector: name }, holder);
  if (!lease) throw new Error("no lease");
  const intake = createIntake({ store, lease, snapshot, connector, untyped: false, now: Date.now });
  const records = createSourceRecords(db);
  return { store, lease, intake, find: (key: string) => records.find({ tenant: "t", connector: name }, "vendor", key) };
}

const vendor = (id: string, rev: number | null, iban: string): Json => ({ id, rev, at: null, iban });
let batches = 0;
function batchOf(payloads: readonly Json[], rest: Partial<Delivery> = {}): Delivery {
  batches += 1;
  const batch = { id: `b-${batches}`, origin: "test", digest: `d-${batches}` };
  return { batch, messages: payloads.map((payload, index) => ({ number: index + 1, payload })), ...rest };
}
const none = { records: 0, quarantined: 0, duplicates: 0, late: 0 };

describe("a batch", () => {
  it("is taken once; the same again is a duplicate, other content under its id is not taken", async () => {
    const { intake, find } = await open("once");
    const first = batchOf([vendor("v1", 1, "DE1"), vendor("v2", 1, "DE2")], { position: "2" });
    expect(await intake.deliver(first)).toEqual({ state: "taken", ...none, records: 2 });
    expect(await intake.deliver(first)).toEqual({ state: "duplicate", ...none });
    const other = { ...first, batch: { ...first.batch, digest: "other" } };
    expect(await intake.deliver(other)).toEqual({ state: "conflicting", ...none });
    expect(intake.position()).toBe("2");
    expect(await find("v1")).toMatchObject({ value: { iban: "DE1" }, version: "1", batch: first.batch.id });
  });

  it("goes on where it was left when it comes in parts", async () => {
    const { intake } = await open("parts");
    const whole = batchOf([]);
    const part = (id: string, number: number, more: boolean): Delivery => {
      return { ...whole, messages: [{ number, payload: vendor(id, 1, "DE") }], position: `row ${number}`, more };
    };
    await intake.deliver(part("v1", 1, true));
    const again = await open("parts");
    expect(again.intake.position()).toBe("row 1");
    expect(await again.intake.deliver(part("v2", 2, false))).toMatchObject({ state: "taken", records: 1 });
    expect(await again.intake.deliver(part("v2", 2, false))).toMatchObject({ state: "duplicate" });
    expect(await again.intake.known({ ids: [whole.batch.id] })).toEqual([
      { id: whole.batch.id, digest: whole.batch.digest, state: "complete" },
    ]);
  });

  it("that is refused as a whole is known, with its reason", async () => {
    const { intake } = await open("refused");
    const { batch } = batchOf([]);
    await intake.reject(batch, "the control total is 3 and not 4");
    expect(await intake.known({ digests: [batch.digest] })).toMatchObject([{ state: "rejected" }]);
  });
});

describe("a record", () => {
  it("never overwrites a newer one: a late one is kept as late", async () => {
    const { intake, find } = await open("late");
    await intake.deliver(batchOf([vendor("v1", 3, "DE3")]));
    expect(await intake.deliver(batchOf([vendor("v1", 2, "DE2")]))).toMatchObject({ records: 1, late: 1 });
    expect(await find("v1")).toMatchObject({ value: { iban: "DE3" } });
    expect(await intake.deliver(batchOf([vendor("v1", 4, "DE4"), vendor("v1", 5, "DE5")]))).toMatchObject({
      records: 2,
    });
    expect(await find("v1")).toMatchObject({ value: { iban: "DE5" }, version: "5" });
    const states = await db.query<{ version: string; state: string }>({
      text: "select version, state from source_records where connector = 'late' order by version",
    });
    expect(states.map(({ version, state }) => `${version} ${state}`)).toEqual([
      "2 late",
      "3 superseded",
      "4 superseded",
      "5 latest",
    ]);
  });

  it("that says the same again is a duplicate; of the same version with another value it is held back", async () => {
    const { intake, find } = await open("same");
    await intake.deliver(batchOf([vendor("v1", 3, "DE3")]));
    expect(await intake.deliver(batchOf([vendor("v1", 3, "DE3")]))).toEqual({ state: "taken", ...none, duplicates: 1 });
    expect(await intake.deliver(batchOf([vendor("v1", 3, "DE666")]))).toMatchObject({ records: 0, quarantined: 1 });
    expect(await find("v1")).toMatchObject({ value: { iban: "DE3" } });
  });

  it("is judged by its as-of where it has no version, and by its arrival where it has neither", async () => {
    const dated = await open("dated", { asOf: "$.at" });
    const at = (time: string, iban: string): Json => ({ id: "v1", rev: null, at: time, iban });
    await dated.intake.deliver(batchOf([at("2026-01-02T00:00:00Z", "DE2")]));
    expect(await dated.intake.deliver(batchOf([at("2026-01-01T00:00:00Z", "DE1")]))).toMatchObject({ late: 1 });
    expect(await dated.find("v1")).toMatchObject({ value: { iban: "DE2" }, asOf: Date.parse("2026-01-02T00:00:00Z") });
    const future = new Date(Date.now() + 86_400_000).toISOString();
    expect(await dated.intake.deliver(batchOf([at(future, "DE9")]))).toMatchObject({ quarantined: 1, records: 0 });

    const bare = await open("bare", {});
    await bare.intake.deliver(batchOf([vendor("v1", null, "DE1")]));
    await bare.intake.deliver(batchOf([vendor("v1", null, "DE2")]));
    expect(await bare.find("v1")).toMatchObject({ value: { iban: "DE2" } });
  });

  it("that breaks its contract is set aside with field, expected and found; its neighbours go on", async () => {
    const { intake, find } = await open("bad");
    const rows: Json[] = [
      vendor("v1", 1, "DE1"),
      { id: "v2", rev: 1, at: null },
      { id: "v3", rev: "one", at: null, iban: "DE3" },
      { id: "v4", rev: 1, at: null, iban: "DE4", note: "new" },
      ["v5"],
      vendor("", 1, "DE6"),
      vendor("v7", 1, "DE7"),
    ];
    expect(await intake.deliver(batchOf(rows))).toMatchObject({ records: 2, quarantined: 5 });
    expect(await find("v2")).toBeUndefined();
    expect(await find("v7")).toBeDefined();
    const held = await db.query<{ number: number; faults: string }>({
      text: "select number, faults from source_quarantine where connector = 'bad' order by number",
    });
    const told = held.map(({ number, faults }) => [number, JSON.parse(faults)[0]]);
    expect(told).toEqual([
      [2, { field: "iban", expected: "a value", found: "no such field" }],
      [3, { field: "rev", expected: "type integer", found: '"one"' }],
      [4, { field: "note", expected: "no such field", found: "a field of this name" }],
      [5, { field: "(record)", expected: "an object", found: '["v5"]' }],
      [6, { field: "$.id", expected: "a key, a short text on one line or a whole number", found: '""' }],
    ]);
  });

  it("that is gone is found no more, and comes back with a newer version", async () => {
    const { intake, find } = await open("gone", { version: "$.rev", deleted: { path: "$.iban", is: "-" } });
    await intake.deliver(batchOf([vendor("v1", 1, "DE1")]));
    await intake.deliver(batchOf([vendor("v1", 2, "-")]));
    expect(await find("v1")).toBeUndefined();
    await intake.deliver(batchOf([vendor("v1", 1, "DE1")]));
    expect(await find("v1")).toBeUndefined();
    await intake.deliver(batchOf([vendor("v1", 3, "DE3")]));
    expect(await find("v1")).toMatchObject({ value: { iban: "DE3" } });
  });
});

describe("a message", () => {
  const message = (id: string, payload: Json) => ({ number: 1, id, payload });

  it("of an id that was there is a repetition, and with other content somebody's fault", async () => {
    const { intake, find } = await open("ids", {});
    const deliver = (id: string, payload: Json) => intake.deliver({ ...batchOf([]), messages: [message(id, payload)] });
    await deliver("e1", vendor("v1", null, "A"));
    await deliver("e2", vendor("v1", null, "B"));
    // The sender is not sure and sends again: without its id, A would be taken for the newest.
    expect(await deliver("e1", vendor("v1", null, "A"))).toEqual({ state: "taken", ...none, duplicates: 1 });
    expect(await find("v1")).toMatchObject({ value: { iban: "B" } });
    expect(await deliver("e1", vendor("v1", null, "evil"))).toMatchObject({ records: 0, quarantined: 1 });
    expect(await find("v1")).toMatchObject({ value: { iban: "B" } });
  });
});

describe("a lease", () => {
  it("is one node's; who has lost it writes nothing more, and the next goes on from the position", async () => {
    const first = await open("lease");
    expect(await first.store.acquire({ tenant: "t", connector: "lease" }, "node-2")).toBeUndefined();
    await first.intake.deliver(batchOf([vendor("v1", 1, "DE1")], { position: "1" }));
    await db.query({ text: "update source_state set lease_until = clock_timestamp() - interval '1 second'" });
    const second = await open("lease", { version: "$.rev" }, "node-2");
    expect(second.intake.position()).toBe("1");
    await expect(first.intake.deliver(batchOf([vendor("v1", 9, "DE9")]))).rejects.toMatchObject({ code: "conflict" });
    expect(await first.store.renew(first.lease, "node-1")).toBe(false);
    expect(await second.find("v1")).toMatchObject({ version: "1" });
    await second.store.release(second.lease, "node-2");
    await open("lease", { version: "$.rev" }, "node-3");
  });

  it("that breaks in the middle of a transaction leaves neither records nor position", async () => {
    const { intake, find } = await open("atomic");
    await intake.deliver(batchOf([vendor("v1", 1, "DE1")], { position: "1" }));
    // The same place twice in one batch breaks the primary key after everything else has been written.
    const twice = {
      ...batchOf([]),
      messages: [1, 1].map((number, at) => ({ number, payload: vendor(`w${at}`, 1, "X") })),
    };
    await expect(intake.deliver({ ...twice, position: "2" })).rejects.toThrow(/duplicate key/);
    expect(intake.position()).toBe("1");
    expect(await find("w0")).toBeUndefined();
    expect((await open("atomic")).intake.position()).toBe("1");
  });
});

describe("tenants", () => {
  it("do not see each other's records", async () => {
    const { intake } = await open("shared");
    await intake.deliver(batchOf([vendor("v1", 1, "DE1")]));
    const records = createSourceRecords(db);
    expect(await records.find({ tenant: "u", connector: "shared" }, "vendor", "v1")).toBeUndefined();
    expect(await records.list({ tenant: "u", connector: "shared" }, { record: "vendor", after: "", limit: 9 })).toEqual(
      [],
    );
  });
});

describe("ten thousand records", () => {
  it("come in whole, and a second time change nothing", async () => {
    const { intake } = await open("many");
    const rows = Array.from({ length: 10_000 }, (_, index) => vendor(`v${index}`, 1, `DE${index}`));
    for (let from = 0; from < rows.length; from += 1000) {
      const part = batchOf(rows.slice(from, from + 1000), { position: String(from + 1000) });
      // oxlint-disable-next-line no-await-in-loop -- a stream is read in order
      expect(await intake.deliver(part)).toMatchObject({ records: 1000 });
      // oxlint-disable-next-line no-await-in-loop
      const again = { ...part, batch: { ...part.batch, id: `${part.batch.id} again` } };
      // oxlint-disable-next-line no-await-in-loop
      expect(await intake.deliver(again)).toMatchObject({ records: 0, duplicates: 1000 });
    }
    const [row] = await db.query<{ count: number }>({
      text: "select count(*)::int as count from source_records where connector = 'many' and state = 'latest'",
    });
    expect(row?.count).toBe(10_000);
  });
});

describe("forgetting", () => {
  it("takes what is superseded and old, and leaves what is current", async () => {
    const { intake, find, store } = await open("old");
    await intake.deliver(batchOf([vendor("v1", 1, "DE1")]));
    await intake.deliver(batchOf([vendor("v1", 2, "DE2")]));
    await db.query({
      text: "update source_records set received_at = received_at - interval '40 days' where connector = 'old'",
    });
    await db.query({
      text: "update source_batches set received_at = received_at - interval '40 days' where connector = 'old'",
    });
    await store.forget({ tenant: "t", connector: "old" }, { olderThanMs: 30 * 86_400_000, keepsIds: false });
    expect(await find("v1")).toMatchObject({ version: "2" });
    const rows = await db.query({ text: "select 1 from source_records where connector = 'old'" });
    const kept = await db.query({ text: "select 1 from source_batches where connector = 'old'" });
    expect([rows.length, kept.length]).toEqual([1, 1]);
  });
});
