/** A file put into a folder, as an agent sees it: through a whole server, with its fact, its batch and what was held back. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { type Desk, eventually, openDesk } from "../support/desk.ts";
import { shopFiles } from "../support/shop.ts";

const folder = mkdtempSync(path.join(tmpdir(), "airworthy-drop-"));
const files = {
  ...shopFiles,
  "bank.yaml": `
apiVersion: airworthy/v1
kind: SourceContract
name: vendors
version: 1
fields:
  - { name: vendorId, type: text, nullable: false }
  - { name: status, type: text, nullable: false, allowed: [active, blocked] }
---
apiVersion: airworthy/v1
kind: Connector
name: bank
type: file
folder: \${DROP_FOLDER}
files: vendors_{yyyy}{mm}{dd}.csv
whole: { done: .done }
every: 1h
records:
  - { record: vendor, contract: vendors, key: $.vendorId }
tools:
  - name: bank.get_vendor
    effect: read
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    find: { record: vendor, by: $.id }
    yields:
      - { fact: vendor.status, key: $.key, value: $.value.status, asOf: $.asOf, batch: $.batch, type: string }
`,
  "agents.yaml": shopFiles["agents.yaml"]!.replace("tools: [shop.list,", "tools: [bank.get_vendor, shop.list,"),
};

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk({ files, env: { DROP_FOLDER: folder } });
});
afterAll(async () => {
  await desk.close();
  rmSync(folder, { recursive: true, force: true });
});

it("is read by an agent, with its batch and as of its day", async () => {
  const { client: clerk } = await desk.server.agent("clerk");
  writeFileSync(path.join(folder, "vendors_20261103.csv"), "vendorId,status\nv1,active\nv2,unknown\n");
  writeFileSync(path.join(folder, "vendors_20261103.csv.done"), "");
  const get = (id: string) => clerk.proposeAction({ tool: "bank.get_vendor", arguments: { id } });
  await eventually(async () => {
    const batches = await desk.sql<{ state: string }>("select state from source_batches where connector = 'bank'");
    return batches.some(({ state }) => state === "complete");
  });
  const read = await get("v1");
  expect(read.result).toMatchObject({
    value: { vendorId: "v1", status: "active" },
    batch: "vendors_20261103.csv",
    asOf: "2026-11-03T00:00:00.000Z",
  });
  const held = await get("v2");
  expect(held.status).toBe("failed");
  const observed = await desk.sql("select batch from observations where fact = 'vendor.status'");
  expect(observed).toContainEqual({ batch: "vendors_20261103.csv" });
});
