/** The commands of watched sources, against a fake server: baselines are sampled here, findings shown and answered. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { WatchedFinding, WatchedSource } from "@airworthy/contract";
import { KeptSample } from "@airworthy/contract";
import { profileSource, sampleBaseline } from "@airworthy/server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { runIn } from "./shell.fixture.ts";
import { widthOf } from "./text/width.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "airworthy-readiness-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

type Server = Parameters<typeof runIn>[0]["server"];
const run = (server: Server, ...words: readonly string[]) =>
  runIn({ parts: { profileSource, sampleBaseline }, shell: { cwd: folder }, ...(server ? { server } : {}) }, ...words);

const id = "fnd_0190a0b0c0d07000800000000000abcd";
const at = "2026-03-02T09:00:00.000Z";
const finding: WatchedFinding = {
  id,
  contract: "invoices",
  state: "open",
  baseline: 1,
  firstWindow: 7,
  lastWindow: 9,
  windows: 3,
  openedAt: at,
  lastAt: at,
  finding: {
    kind: "unseen",
    severity: "severe",
    field: "status",
    sentence: '6.9 % of the records have a value of status that the pilot never had: "escalated".',
    evidence: {
      test: "exchangeability bound",
      pValue: 1e-9,
      adjusted: 1e-8,
      effect: 0.069,
      effectName: "share of rows",
    },
    picture: [
      { label: "open", pilot: 0.6, production: 0.58 },
      { label: "escalated\u001B[31m", pilot: 0, production: 0.069 },
    ],
  },
};
const source: WatchedSource = {
  contract: "invoices",
  version: 2,
  ready: false,
  alpha: 0.01,
  looks: 9,
  baseline: { number: 1, origin: "pilot.csv", records: 1_500, quarantined: 3, by: "olga", at },
  windows: [
    { number: 10, state: "open", records: 40, quarantined: 1, openedAt: at, severe: 0, notices: 0 },
    {
      number: 9,
      state: "compared",
      records: 5_000,
      quarantined: 0,
      openedAt: at,
      closedAt: at,
      look: 9,
      level: 0.0001,
      severe: 1,
      notices: 0,
    },
  ],
  findings: [finding],
};

describe("sources readiness", () => {
  it("shows each finding with sentence and picture, and leaves with 6 while one is severe and open", async () => {
    const ran = await run(() => ({ body: { sources: [source] } }), "sources", "readiness", "invoices");
    expect(ran.code).toBe(6);
    expect(ran.asked[0]).toMatchObject({ method: "GET", path: "/v1/readiness?contract=invoices" });
    expect(ran.out).toMatch(/^not ready {2}1 severe open finding {2}invoices version 2\n/);
    expect(ran.out).toContain("baseline 1: pilot.csv, 1,500 records, set");
    expect(ran.out).toMatch(/filling window 10: 40 records and 1\s+quarantined/);
    expect(ran.out).toContain("severe  status  unseen");
    expect(ran.out).toMatch(/escalated\S* +0 % +6\.9 % █/);
    expect(ran.out).toContain("found in 3 windows, last in 9, first");
    expect(ran.out).toContain(`  open\n  ${id}\n`);
    expect(ran.out).toMatch(
      /9 looks at this baseline so far; false alarms over all of them together: at most\s+1(?:\.0)? %\./,
    );
    expect(ran.out).not.toContain("\u001B");
    expect(Math.max(...ran.out.split("\n").map(widthOf))).toBeLessThanOrEqual(80);
  });

  it("leaves with 0 when all are ready or answered, and says what is missing", async () => {
    const known = { ...finding, state: "acknowledged", decidedBy: "olga", reason: "new prices" };
    const answered = await run(
      () => ({ body: { sources: [{ ...source, ready: true, findings: [known] }] } }),
      "sources",
      "readiness",
    );
    expect(answered.code).toBe(0);
    expect(answered.out).toContain("acknowledged by olga: new prices");
    const { baseline: _, ...without } = { ...source, ready: true, windows: [], findings: [], looks: 0 };
    const fresh = await run(() => ({ body: { sources: [without] } }), "sources", "readiness", "--all");
    expect(fresh.asked[0]?.path).toBe("/v1/readiness?all=true");
    expect(fresh.out).toContain("no baseline yet: airworthy sources baseline set invoices FILE");
    expect((await run(() => ({ body: { sources: [] } }), "sources", "readiness")).out).toBe(
      "No source contract is watched.\n",
    );
  });
});

describe("sources baseline set", () => {
  const contract = {
    apiVersion: "airworthy/v1",
    kind: "SourceContract",
    name: "invoices",
    version: 2,
    fields: [
      { name: "amount", type: "number", nullable: false },
      { name: "state", type: "text", nullable: false, allowed: ["open", "paid"] },
    ],
  };

  it("samples the file here and sends the sample alone", async () => {
    const rows = Array.from(
      { length: 300 },
      (_, row) => `${row / 4},${row === 5 ? "gone" : row % 3 === 0 ? "paid" : "open"}`,
    );
    writeFileSync(join(folder, "pilot.csv"), `amount,state\n${rows.join("\n")}\n`);
    const server = ({ method }: { method: string }) => ({
      body:
        method === "GET" ? contract : { number: 3, origin: "pilot.csv", records: 299, quarantined: 1, by: "olga", at },
    });
    const ran = await run(server, "sources", "baseline", "set", "invoices", "pilot.csv");
    expect(ran.out).toBe("baseline 3 of invoices  pilot.csv: 299 records, 1 did not keep the contract\n");
    expect(ran.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /v1/contracts/invoices",
      "POST /v1/contracts/invoices/baseline",
    ]);
    const sent = ran.asked[1]?.body as { origin: string; sample: unknown };
    expect(sent.origin).toBe("pilot.csv");
    const sample = KeptSample.parse(sent.sample);
    expect([sample.records, sample.quarantined.records]).toEqual([299, 1]);
    expect(sample.fields.map(({ name, kinds }) => [name, kinds.missing])).toEqual([
      ["amount", 0],
      ["state", 0],
    ]);
  });

  it("says which file is not there before anything is sent", async () => {
    const ran = await run(() => ({ body: contract }), "sources", "baseline", "set", "invoices", "gone.csv");
    expect(ran.code).toBe(2);
    expect(ran.asked).toHaveLength(1);
  });
});

describe("sources findings", () => {
  it.each([
    ["acknowledge", "acknowledged"],
    ["close", "closed"],
  ])("%s records who and why", async (verdict, state) => {
    const server = () => ({ body: { ...finding, state } });
    const ran = await run(server, "sources", "findings", verdict, id, "--reason", "new prices");
    expect(ran).toMatchObject({ code: 0, out: `${state}  ${id}  invoices status unseen\n` });
    expect(ran.asked[0]).toMatchObject({
      path: `/v1/findings/${id}/decision`,
      body: { verdict, reason: "new prices" },
    });
    expect(await run(server, "sources", "findings", verdict, "act_1", "--reason", "r")).toMatchObject({
      code: 2,
      asked: [],
    });
  });
});

describe("sources profile of what is live", () => {
  const live = {
    profile: {
      file: "crm.list",
      format: "json",
      records: 2,
      unreadable: 0,
      fields: [{ name: "amount", type: "number", role: "measure", missing: 0, malformed: 0 }],
    },
    pictures: { amount: [{ label: "< 1", pilot: 1, production: 1 }] },
    contract: { name: "crm", version: 1, text: "kind: SourceContract\n" },
    failed: [{ call: 2, code: "not_found", message: "no such page" }],
  };

  it("asks the server for each call, says which failed, and writes the contract", async () => {
    const words = [
      "--tool",
      "crm.list",
      "--with",
      '{"page":1}',
      "--with",
      '{"page":2}',
      "--name",
      "crm",
      "-o",
      "crm.yaml",
    ];
    const ran = await run(() => ({ body: live }), "sources", "profile", ...words);
    expect(ran.code).toBe(0);
    expect(ran.asked[0]).toMatchObject({
      path: "/v1/tools/crm.list/profile",
      body: { arguments: [{ page: 1 }, { page: 2 }], learn: { name: "crm" } },
    });
    expect(ran.out).toContain("crm.list  2 records");
    expect(ran.err).toContain("call 2 brought nothing (not_found): no such page");
    expect(readFileSync(join(folder, "crm.yaml"), "utf8")).toBe("kind: SourceContract\n");
  });

  it("asks for what a source has brought in", async () => {
    const ran = await run(() => ({ body: live }), "sources", "profile", "--source", "events", "--record", "vendor");
    expect(ran.asked[0]).toMatchObject({ path: "/v1/sources/events/profile", body: { record: "vendor" } });
  });

  it.each([
    [["profile"]],
    [["profile", "a.csv", "--tool", "crm.list"]],
    [["profile", "--tool", "crm.list", "--with", "[1]"]],
    [["profile", "--tool", "crm.list", "--with", "{"]],
  ])("refuses %j before it asks", async (words) => {
    expect(await run(() => ({ body: live }), "sources", ...words)).toMatchObject({ code: 2, asked: [] });
  });
});
