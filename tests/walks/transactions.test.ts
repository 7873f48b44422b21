/** Transactions of the store: what is sent without waiting is in the commit or fails it, and what failed is told by its cause. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";

import { isUniqueViolation } from "../../packages/server/src/store/database.ts";
import { openStore } from "../../packages/server/src/store/open-store.ts";
import { testDatabase } from "../support/database.ts";
import { databaseUrlOf } from "../support/server.ts";

let database: Awaited<ReturnType<typeof testDatabase>>;
let store: Awaited<ReturnType<typeof openStore>>;
const dataDir = mkdtempSync(path.join(tmpdir(), "airworthy-transactions-"));

const insert = (id: number, of: unknown = "x") => ({
  name: "notes-insert",
  text: "insert into notes values ($1, $2)",
  values: [id, of],
});
const ids = async (): Promise<number[]> =>
  (await store.db.query<{ id: number }>({ text: "select id from notes order by id" })).map(({ id }) => id);

beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ dataDir, databaseUrl: databaseUrlOf(database.connection), onProgress: () => undefined });
  await store.db.query({ text: "create table notes (id int primary key, of text)" });
});
beforeEach(() => store.db.query({ text: "truncate notes" }));
afterAll(async () => {
  await store.close();
  await database.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

it("commits what was written without waiting, before it resolves", async () => {
  await store.db.transaction(async (tx) => {
    for (let id = 1; id <= 20; id += 1) tx.write(insert(id));
  });
  expect(await ids()).toHaveLength(20);
});

it("commits nothing when a write fails, and says which", async () => {
  const failed = store.db.transaction(async (tx) => {
    tx.write(insert(1));
    tx.write(insert(1));
    tx.write(insert(2));
  });
  await expect(failed).rejects.toSatisfy(isUniqueViolation);
  expect(await ids()).toEqual([]);
});

it("tells the write that failed, and not the question after it that found the transaction failed", async () => {
  const failed = store.db.transaction(async (tx) => {
    tx.write(insert(1));
    tx.write(insert(1));
    await tx.query({ name: "first-asked-after-a-failure", text: "select 1" });
  });
  await expect(failed).rejects.toSatisfy(isUniqueViolation);
  expect(await ids()).toEqual([]);
});

it("commits nothing when a question failed whose failure the work kept to itself", async () => {
  const failed = store.db.transaction(async (tx) => {
    tx.write(insert(1));
    await tx.query(insert(1)).catch(() => undefined);
  });
  await expect(failed).rejects.toSatisfy(isUniqueViolation);
  expect(await ids()).toEqual([]);
});

it("commits nothing when a write cannot even be sent", async () => {
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  const failed = store.db.transaction(async (tx) => {
    tx.write(insert(1));
    tx.write(insert(2, circle));
    tx.write(insert(3));
  });
  await expect(failed).rejects.toMatchObject({ cause: { message: expect.stringMatching(/circular/i) } });
  const renamed = store.db.transaction(async (tx) => {
    tx.write(insert(4));
    tx.write({ name: "notes-insert", text: "insert into notes values ($1, $2) returning id", values: [5, "x"] });
  });
  await expect(renamed).rejects.toMatchObject({ cause: { message: expect.stringMatching(/unique/) } });
  expect(await ids()).toEqual([]);
});

it("rolls back what was written when the work throws its own error, which is told", async () => {
  const failed = store.db.transaction(async (tx) => {
    tx.write(insert(1));
    throw new Error("changed my mind");
  });
  await expect(failed).rejects.toThrow("changed my mind");
  expect(await ids()).toEqual([]);
});

it("leaves connections that serve the next transaction, also statements first named in one that failed", async () => {
  for (let round = 0; round < 30; round += 1) {
    const failed = store.db.transaction(async (tx) => {
      tx.write(insert(1));
      tx.write(insert(1));
      tx.write({ name: `named-${round}`, text: "select 1" });
    });
    await expect(failed).rejects.toSatisfy(isUniqueViolation);
    const named = store.db.transaction((tx) => tx.query({ name: `named-${round}`, text: "select 1" }));
    await expect(named).resolves.toHaveLength(1);
  }
});
