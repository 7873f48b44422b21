/** What a start does to a store that holds something already, and what a close leaves in it. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { createClient } from "@airworthy/sdk";
import { startServer } from "@airworthy/server";
import { afterAll, beforeAll, expect, it } from "vitest";

import { type Desk, openDesk } from "../support/desk.ts";
import { shopFiles } from "../support/shop.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.close());

/** Another node on the same store, started with the folder; answers what the start said. */
async function startWithFolder(): Promise<string[]> {
  const said: string[] = [];
  const { server } = desk;
  const node = await startServer({
    dataDir: server.dataDir,
    configDir: server.configDir,
    port: 0,
    env: { DATABASE_URL: server.databaseUrl, SHOP_URL: desk.shop.url, AIRWORTHY_LOG_LEVEL: "silent" },
    onProgress: (message) => said.push(message),
  });
  await node.close();
  return said;
}
const published = () =>
  desk.sql<{ version: number; published_by: string }>(
    "select version::int, published_by from snapshots order by version",
  );
const purpose = (text: string) => ({
  ...shopFiles,
  "agents.yaml": (shopFiles["agents.yaml"] ?? "").replace("Refunds and notes", text),
});
const writeFolder = (files: Readonly<Record<string, string>>): void =>
  writeFileSync(path.join(desk.server.configDir, "agents.yaml"), files["agents.yaml"] ?? "");

it("a start publishes the folder over what an earlier start published, and never over what was applied", async () => {
  expect(await startWithFolder()).toEqual([]);
  expect(await published()).toEqual([{ version: 1, published_by: "airworthy start" }]);

  writeFolder(purpose("edited in the folder"));
  expect(await startWithFolder()).toEqual([]);
  expect((await published()).map((one) => one.published_by)).toEqual(["airworthy start", "airworthy start"]);

  await desk.server.apply(purpose("applied by a person"));
  const before = await published();
  expect(before).toHaveLength(3);
  const said = await startWithFolder();
  expect(await published()).toEqual(before);
  expect(said).toEqual([
    `warning: the live configuration (version 3, applied by ${before[2]?.published_by}) differs from ${desk.server.configDir} ` +
      `and was left as it is; to change it: airworthy plan ${desk.server.configDir} -o change.plan, ` +
      "then airworthy apply change.plan",
  ]);

  writeFolder(purpose("applied by a person"));
  expect(await startWithFolder()).toEqual([]);
  expect(await published()).toEqual(before);
});

it("a close signs what every tenant has written", async () => {
  const { server } = desk;
  const key = readFileSync(path.join(server.dataDir, "admin.key"), "utf8").trim();
  const files = Object.entries(shopFiles).map(([file, text]) => ({ path: file, text }));
  for (const tenant of ["main", "second", "third"]) {
    const admin = createClient({ baseUrl: server.url, key, tenant });
    const plan = await admin.planConfig({ files });
    await admin.applyConfig({ files, base: plan.base, digest: plan.digest });
    await admin.createStop({ scope: { kind: "all" }, mode: "deny_writes", reason: "the last entry before the close" });
  }
  await server.restart();
  const ends = await desk.sql<{ tenant: string; signed: boolean }>(
    `select h.tenant, exists (select 1 from ledger_checkpoints c where c.tenant = h.tenant and c.heads like
              '%' || h.chain || '","seq":' || h.seq || ',"hash":"' || encode(h.hash, 'hex') || '"%') as signed
     from ledger_heads h order by h.tenant`,
  );
  expect(new Set(ends.map(({ tenant }) => tenant))).toEqual(new Set(["main", "second", "third"]));
  expect(ends.filter(({ signed }) => !signed)).toEqual([]);
});
