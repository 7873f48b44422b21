/** Contracts: learned, written as configuration that `check` takes, and enforced record by record. */
import { existsSync, readFileSync, statSync } from "node:fs";

import type { SourceContractDocument } from "@airworthy/contract";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { checkFiles } from "../registry/compile.ts";
import { checkSource } from "./check-source.ts";
import { profileSource } from "./describe-source.ts";
import { makeRow, makeWorkbook } from "../../kernel/records/xlsx/workbook.fixture.ts";
import { findContract } from "./find-contract.ts";
import { makeFolder, makeInvoices, toCsv } from "./readiness.fixture.ts";
import type { Folder } from "./readiness.fixture.ts";

let folder: Folder;
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => folder.remove());

const contract: SourceContractDocument = {
  apiVersion: "airworthy/v1",
  kind: "SourceContract",
  name: "invoices",
  version: 3,
  fields: [
    { name: "id", type: "integer", nullable: false },
    { name: "amount", type: "number", nullable: false, range: { min: 0, max: 1000 } },
    { name: "state", type: "text", nullable: true, allowed: ["open", "paid"], maxLength: 8 },
    { name: "sent", type: "boolean", nullable: true },
  ],
};

const check = (name: string, text: string, more: { accepted?: string; contract?: SourceContractDocument } = {}) =>
  checkSource(folder.write(name, text), { contract, quarantine: `${folder.path}/${name}.quarantine.jsonl`, ...more });
const lines = (path: string): unknown[] =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));

describe("a workbook", () => {
  const rows = `${makeRow(1, ["id", "amount", "state", "sent"])}${makeRow(2, [1, 10.5, "open, late", true])}
    <row r="3"><c r="A3" t="e"><v>#N/A</v></c><c r="B3"><v>7</v></c></row>${makeRow(4, [3, "7", null, false])}`;
  const text: SourceContractDocument["fields"] = contract.fields.map((field) =>
    field.name === "state" ? { name: "state", type: "text", nullable: true } : field,
  );

  it("keeps the contract that is learned from it, and is enforced as any other file", async () => {
    const path = folder.write("a.xlsx", makeWorkbook({ rows }));
    const accepted = `${folder.path}/accepted.csv`;
    const quarantine = `${folder.path}/q.jsonl`;
    const found = await checkSource(path, { contract: { ...contract, fields: text }, quarantine, accepted });
    expect(found).toMatchObject({ ok: false, records: 3, accepted: 2, quarantined: 1 });
    expect(found.faults).toEqual([{ record: 2, field: "id", expected: "type integer", found: '["#N/A"]' }]);
    expect(lines(quarantine)).toMatchObject([{ record: 2, raw: "#N/A,7,," }]);
    expect(readFileSync(accepted, "utf8")).toBe('id,amount,state,sent\n1,10.5,"open, late",true\n3,7,,false\n');
    const { profile } = await profileSource(path);
    expect(profile).toMatchObject({ format: "xlsx", records: 3, unreadable: 0 });
    expect(profile.fields.map(({ type, malformed, missing }) => [type, malformed, missing])).toEqual([
      ["text", 1, 0],
      ["number", 0, 0],
      ["text", 0, 2],
      ["boolean", 0, 1],
    ]);
  });
});

describe("enforcing", () => {
  const csv = [
    "id,amount,state,sent",
    "1,10.5,open,TRUE",
    "x2,10,open,",
    "3,,open,false",
    "4,1000.01,open,false",
    '5,0,"closed, late",false',
    "6,7,paid",
    "7,8,,",
    "-8,N/A,Paid,maybe",
  ].join("\r\n");

  it("names record, field, expected and found, and lets the rest go on", async () => {
    const found = await check("a.csv", csv, { accepted: `${folder.path}/ok.csv` });
    expect(found).toMatchObject({
      ok: false,
      records: 8,
      accepted: 2,
      quarantined: 6,
      contract: { name: "invoices", version: 3 },
    });
    expect(found.faults.map(({ record, field, expected, found: value }) => [record, field, expected, value])).toEqual([
      [2, "id", "type integer", '"x2"'],
      [3, "amount", "a value", "nothing"],
      [4, "amount", "0 to 1000", '"1000.01"'],
      [5, "state", "one of open, paid", '"closed, late"'],
      [6, "(record)", "4 columns expected, 3 found", '"6,7,paid"'],
      [8, "amount", "type number", '"N/A"'],
      [8, "state", "one of open, paid", '"Paid"'],
      [8, "sent", "type boolean", '"maybe"'],
    ]);
    expect(readFileSync(`${folder.path}/ok.csv`, "utf8")).toBe("id,amount,state,sent\n1,10.5,open,TRUE\n7,8,,\n");
  });

  it("sets offending records aside whole, for their owner alone, and never over others", async () => {
    const found = await check("a.csv", csv);
    const aside = lines(found.quarantine ?? "");
    expect(aside).toHaveLength(6);
    expect(aside[3]).toMatchObject({ record: 5, contract: "invoices", raw: '5,0,"closed, late",false' });
    expect(statSync(found.quarantine ?? "").mode & 0o777).toBe(0o600);
    await expect(check("a.csv", csv)).rejects.toThrow(/already a file/);
    expect(lines(found.quarantine ?? "")).toEqual(aside);
  });

  it("makes no quarantine where there is nothing to set aside", async () => {
    const found = await check("b.csv", "id,amount,state,sent\n1,2,open,true\n");
    expect(found).toMatchObject({ ok: true, quarantined: 0 });
    expect(found.quarantine).toBeUndefined();
    expect(existsSync(`${folder.path}/b.csv.quarantine.jsonl`)).toBe(false);
  });

  it("recognises a renamed column, refuses one that is not listed, and can be told to ignore it", async () => {
    const text = "id,amount_,state,sent\n1,2,open,true\n2,3,open,true\n";
    const { counts, quarantined } = await check("c.csv", text);
    expect(quarantined).toBe(2);
    expect(counts).toEqual([
      { field: "amount", expected: "a value", records: 2, hint: 'renamed to "amount_"?' },
      { field: "amount_", expected: "no such field", records: 2, hint: 'renamed from "amount"?' },
    ]);
    const extra = "id,amount,state,sent,more\n1,2,open,true,x\n";
    expect(await check("d.csv", extra)).toMatchObject({ ok: false });
    expect(await check("e.csv", extra, { contract: { ...contract, unlisted: "ignore" } })).toMatchObject({ ok: true });
  });

  it("holds JSON to its types: a number in quotes is retyped", async () => {
    const found = await check(
      "a.jsonl",
      '{"id":1,"amount":2,"state":"open","sent":true}\n{"id":"2","amount":2}\nnot JSON\n',
    );
    expect(found.faults.map(({ record, field, found: value }) => [record, field, value])).toEqual([
      [2, "id", '"2"'],
      [3, "(record)", '"not JSON"'],
    ]);
  });

  it("shortens what it shows and hides secrets, and shows a hundred faults of many", async () => {
    const secret = "ghp_abcdefghijklmnopqrstuvwxyz0123456789";
    const rows = [`${"9".repeat(200)}x,1,,`, `${secret},1,,`, ...Array.from({ length: 300 }, () => "x,1,,")];
    const found = await check("a.csv", ["id,amount,state,sent", ...rows].join("\n"));
    expect(found.faults).toHaveLength(100);
    expect(found.counts).toMatchObject([{ field: "id", records: 302 }]);
    expect(found.faults[0]?.found.length).toBeLessThan(40);
    expect(JSON.stringify(found)).not.toContain("ghp_");
    expect(lines(found.quarantine ?? "")).toHaveLength(302);
  });
});

describe("learning", () => {
  const pilot = (): string => folder.write("pilot.csv", toCsv(makeInvoices(2000, 1)));

  it("writes a contract that `check` finds nothing in, and that its own sample meets", async () => {
    const path = pilot();
    const { contract: learned } = await profileSource(path, { learn: { name: "invoices" } });
    expect(await checkFiles([{ path: "c.yaml", text: learned?.text ?? "" }])).toEqual([]);
    folder.write("c.yaml", learned?.text ?? "");
    const found = await findContract("c.yaml", "/nowhere", folder.path);
    const byName = new Map(found.fields.map((field) => [field.name, field]));
    expect(byName.get("status")).toEqual({
      name: "status",
      type: "text",
      nullable: false,
      allowed: ["disputed", "open", "paid", "void"],
    });
    expect(byName.get("weight_kg")).toMatchObject({ type: "number", nullable: true });
    expect(byName.get("customer")).toEqual({ name: "customer", type: "text", nullable: false });
    expect(byName.get("amount")?.range?.min).toBe(0);
    expect(await checkSource(path, { contract: found, quarantine: `${folder.path}/q` })).toMatchObject({
      ok: true,
      accepted: 2000,
    });
    const more = folder.write("more.csv", toCsv(makeInvoices(5000, 2)));
    expect(await checkSource(more, { contract: found, quarantine: `${folder.path}/q` })).toMatchObject({ ok: true });
  });

  it("raises the version when something changed, and only then", async () => {
    const path = pilot();
    const text = (await profileSource(path, { learn: { name: "invoices" } })).contract?.text ?? "";
    const again = (learn: { name?: string; existing: { path: string; text: string } }, from = path) =>
      profileSource(from, { learn });
    const existing = { path: "c.yaml", text };
    expect((await again({ existing })).contract).toMatchObject({ name: "invoices", version: 1 });
    const other = folder.write("other.csv", "id,state\n1,a\n2,b\n");
    expect((await again({ existing }, other)).contract).toMatchObject({ name: "invoices", version: 2 });
    await expect(again({ existing, name: "refunds" })).rejects.toThrow(/something else/);
    const person = "apiVersion: airworthy/v1\nkind: Person\nname: maria\nroles: [viewer]\n";
    await expect(again({ existing: { path: "p.yaml", text: person } })).rejects.toThrow(/something else/);
    await expect(again({ existing: { path: "c.yaml", text: `${text}---\n${person}` } })).rejects.toThrow(
      /something else/,
    );
  });

  it("finds a contract by name in a folder, suggests a near one, and refuses one with errors", async () => {
    const text = (await profileSource(pilot(), { learn: { name: "invoices" } })).contract?.text ?? "";
    folder.write("contract.yaml", text);
    expect(await findContract("invoices", folder.path, folder.path)).toMatchObject({ name: "invoices", version: 1 });
    await expect(findContract("invoice", folder.path, folder.path)).rejects.toMatchObject({
      code: "not_found",
      fix: 'did you mean "invoices"?',
    });
    folder.write("contract.yaml", text.replace("type: text", "type: txt"));
    await expect(findContract("invoices", folder.path, folder.path)).rejects.toMatchObject({ code: "invalid_input" });
  });

  it("never learns a secret as an allowed value", async () => {
    const secret = "sk_live_abcdefghijklmnopqrstuv";
    const rows = Array.from({ length: 200 }, (_, at) => `${at},${at % 2 === 0 ? secret : "none"}`);
    const { contract: learned, pictures } = await profileSource(
      folder.write("s.csv", ["n,token", ...rows].join("\n")),
      { learn: {} },
    );
    expect(learned).toMatchObject({ name: "s", version: 1 });
    expect(JSON.stringify([learned, pictures])).not.toContain("sk_live");
  });
});
