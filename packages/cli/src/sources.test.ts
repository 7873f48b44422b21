/** The `sources` commands from words to exit code, with the real readiness code on real files. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  checkFiles,
  checkSource,
  compareSources,
  findContract,
  findFileForm,
  profileSource,
  readFolder,
} from "@airworthy/server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { runIn } from "./shell.fixture.ts";
import { bar, percentText, sparkline } from "./text/bars.ts";
import { withProgress } from "./text/progress.ts";
import { widthOf } from "./text/width.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "airworthy-sources-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const parts = { profileSource, compareSources, findContract, findFileForm, checkSource, readFolder, checkFiles };
const run = (...words: readonly string[]) => runIn({ parts, shell: { cwd: folder } }, "sources", ...words);
const json = (text: string): { schema: string; data: Record<string, unknown> } => JSON.parse(text);

/** `at` runs through every remainder evenly: nothing here is random. */
const write = (name: string, change: (at: number) => { amount: string; state: string }): void => {
  const rows = Array.from({ length: 600 }, (_, at) => {
    const { amount, state } = change(at);
    return `${at + 1},${amount},${state}`;
  });
  writeFileSync(join(folder, name), `id,amount,state\n${rows.join("\n")}\n`);
};
const amount = (at: number): string => (((at * 37) % 600) / 4 + 10).toFixed(2);
const state = (at: number): string => (at % 3 === 0 ? "paid" : "open");

describe("sources compare", () => {
  it("leaves with 0 where nothing changed, and with 6 where something severe did", async () => {
    write("pilot.csv", (at) => ({ amount: amount(at), state: state(at) }));
    write("same.csv", (at) => ({ amount: amount(at + 7), state: state(at + 1) }));
    write("other.csv", (at) => ({ amount: amount(at * 2), state: at % 10 === 0 ? "\u001B[31mlost" : state(at) }));
    const same = await run("compare", "pilot.csv", "same.csv");
    expect(same).toMatchObject({ code: 0, err: "" });
    expect(same.out).toMatch(/^ready {2}no severe finding\n600 records in the pilot, 600 in production, \d+ tests\n/);
    const other = await run("compare", "pilot.csv", "other.csv");
    expect(other.code).toBe(6);
    expect(other.out).toContain("severe  state  unseen");
    expect(other.out).toContain("pilot never had");
    expect(other.out).not.toContain("\u001B");
    expect(Math.max(...other.out.split("\n").map(widthOf))).toBeLessThanOrEqual(80);
  });

  it("draws both histograms in line", async () => {
    write("pilot.csv", (at) => ({ amount: amount(at), state: "open" }));
    write("other.csv", (at) => ({ amount: amount(at), state: at % 2 === 0 ? "open" : "held" }));
    const { out } = await run("compare", "pilot.csv", "other.csv");
    const rows = out.split("\n").filter((line) => /^ {2}(?:open|held) /.test(line));
    expect(
      rows.map((row) =>
        row
          .split(/ {2,}/)
          .filter((part) => part !== "")
          .slice(0, 2),
      ),
    ).toEqual([
      ["open", `100 % ${"█".repeat(24)}`],
      ["held", "0 %"],
    ]);
    const [open = "", held = ""] = rows;
    expect(open.lastIndexOf("50 %")).toBe(held.lastIndexOf("50 %"));
  });

  it("--json is the whole comparison", async () => {
    write("pilot.csv", (at) => ({ amount: amount(at), state: state(at) }));
    write("other.csv", (at) => ({ amount: `${amount(at)} EUR`, state: state(at) }));
    const { code, out } = await run("compare", "pilot.csv", "other.csv", "--alpha", "0.05", "--json");
    expect(code).toBe(6);
    expect(json(out)).toMatchObject({
      schema: "airworthy.source-comparison/1",
      data: { ok: false, alpha: 0.05, findings: [{ kind: "malformed", field: "amount", severity: "severe" }] },
    });
  });

  it.each(["0", "0.9", "x"])("refuses alpha %s", async (alpha) => {
    expect(await run("compare", "a", "b", "--alpha", alpha)).toMatchObject({ code: 2 });
  });

  it("says which file is not there", async () => {
    const { code, err } = await run("compare", "gone.csv", "b.csv");
    expect(code).toBe(2);
    expect(err).toMatch(/There is no file .*gone\.csv/);
  });
});

describe("sources profile and check", () => {
  it("learn a contract, find it by name, and set aside what breaks it", async () => {
    write("pilot.csv", (at) => ({ amount: amount(at), state: state(at) }));
    const profiled = await run("profile", "pilot.csv", "--name", "invoices", "-o", "invoices.yaml");
    expect(profiled.code).toBe(0);
    expect(profiled.out).toMatch(/amount +number +0 % +0 +\d+ +10 … /);
    expect(profiled.err).toContain("contract invoices version 1 written to invoices.yaml");
    expect(await runIn({ parts, shell: { cwd: folder } }, "check")).toMatchObject({ code: 0 });

    expect(await run("check", "pilot.csv", "--contract", "invoices")).toMatchObject({
      code: 0,
      out: "as agreed  600 records against invoices version 1\n",
    });
    write("today.csv", (at) => ({ amount: at === 4 ? "-1" : amount(at), state: at === 9 ? "gone" : state(at) }));
    const today = await run("check", "today.csv", "--contract", "invoices", "--accepted", "ok.csv");
    expect(today.code).toBe(6);
    expect(today.out).toContain("2 records quarantined, 598 accepted");
    expect(today.out).toMatch(/10 {2}state {3}one of open, paid {2}"gone"/);
    expect(readFileSync(join(folder, "today.csv.quarantine.jsonl"), "utf8").split("\n")).toHaveLength(3);
    expect(readFileSync(join(folder, "ok.csv"), "utf8").split("\n")).toHaveLength(600);
    expect(await run("check", "today.csv", "--contract", "invoices", "--accepted", "ok.csv")).toMatchObject({
      code: 1,
    });
  });

  it("profile writes only what is a contract's name, into folders that exist", async () => {
    write("pilot.csv", (at) => ({ amount: amount(at), state: state(at) }));
    expect(await run("profile", "pilot.csv", "-o", "contract.txt")).toMatchObject({ code: 2 });
    expect(await run("profile", "pilot.csv", "-o", "no/where.yaml")).toMatchObject({ code: 2 });
    expect(json((await run("profile", "pilot.csv", "--json")).out)).toMatchObject({
      schema: "airworthy.source-profile/1",
      data: { profile: { records: 600, fields: [{ name: "id", role: "identifier" }, {}, {}] } },
    });
  });
});

describe("bars", () => {
  it("are exact to an eighth, and never hide what is there", () => {
    expect([bar(0, 4), bar(0.0001, 4), bar(0.5, 4), bar(0.53, 4), bar(1, 4), bar(7, 4)]).toEqual([
      "",
      "▏",
      "██",
      "██▏",
      "████",
      "████",
    ]);
    expect(sparkline([0, 0.1, 0.8, 0.4])).toBe(" ▂█▅");
    expect(sparkline([])).toBe("");
    expect([0, 0.0002, 0.012, 0.5, 1].map(percentText)).toEqual(["0 %", "<0.1 %", "1.2 %", "50 %", "100 %"]);
  });
});

describe("withProgress", () => {
  async function watch(errIsTerminal: boolean, times: readonly number[]): Promise<string> {
    let written = "";
    let nowMs = 0;
    const screen = { errIsTerminal, err: (text: string) => void (written += text), now: () => nowMs };
    await withProgress(screen, (onProgress) => {
      for (const [at, ms] of times.entries()) {
        nowMs = ms;
        onProgress({ bytes: (at + 1) * 1_048_576, totalBytes: times.length * 1_048_576 });
      }
      return Promise.resolve();
    });
    return written;
  }

  it("draws late, not too often, and leaves no trace", async () => {
    const written = await watch(true, [100, 400, 410, 600]);
    expect(written.split("\r").slice(1)).toEqual([
      `${"█".repeat(15)}${"░".repeat(15)}  50 %  5.0 MiB/s`,
      `${"█".repeat(30)} 100 %  6.7 MiB/s`,
      "\u001B[K",
    ]);
  });

  it("draws nothing for what is quick, or where nobody looks", async () => {
    expect(await watch(true, [50, 100])).toBe("");
    expect(await watch(false, [500, 1000])).toBe("");
  });
});

describe("a file whose form is said", () => {
  const contract = `apiVersion: airworthy/v1
kind: SourceContract
name: payments
version: 1
fields:
  - { name: id, type: text, nullable: false }
  - { name: amount, type: number, nullable: false }
  - { name: day, type: date, nullable: false }
`;
  const connector = `---
apiVersion: airworthy/v1
kind: Connector
name: bank
type: file
folder: /srv/bank
files: payments_*.txt
format: fixed
encoding: windows-1252
decimals: comma
dates: yyyymmdd
columns: [{ name: id, width: 6 }, { name: amount, width: 10 }, { name: day, width: 8 }]
whole: { trailer: { begins: END, rows: 2 } }
records: [{ record: payment, contract: payments, key: $.id, version: $.id }]
tools:
  - { name: bank.get, effect: read, input: { type: object }, find: { record: payment, by: $.id } }
`;
  const lines = ["Zoë1  1.234,50  20260131", "b2    7         20260201", "c3    8,5       20260230", "END 3"];
  const columns = ["--columns", "id:6,amount:10,day:8"];
  const forms = [...columns, "--encoding", "windows-1252", "--decimals", "comma", "--dates", "yyyymmdd"];
  beforeEach(() => {
    writeFileSync(join(folder, "bank.yaml"), contract + connector);
    writeFileSync(join(folder, "payments_1.txt"), Buffer.from(`${lines.join("\r\n")}\r\n`, "latin1"));
    const sound = lines.map((line) => line.replace("20260230", "20260228"));
    writeFileSync(join(folder, "payments_2.txt"), Buffer.from(sound.join("\n"), "latin1"));
    writeFileSync(join(folder, "bare.txt"), Buffer.from(sound.slice(0, 3).join("\n"), "latin1"));
  });

  it("is profiled by columns, and in words as the connector says", async () => {
    const typesOf = (text: string): unknown => {
      const { profile } = json(text).data as {
        profile: { fields: { name: string; type: string; malformed: number }[] };
      };
      return profile.fields.map(({ name, type, malformed }) => [name, type, malformed]);
    };
    const expected = [
      ["id", "text", 0],
      ["amount", "number", 0],
      ["day", "date", 0],
    ];
    const byColumns = await run("profile", "bare.txt", ...forms, "--json");
    expect(typesOf(byColumns.out)).toEqual(expected);
    const byConnector = await run("profile", "payments_2.txt", "--as", "bank", "--json");
    expect(typesOf(byConnector.out)).toEqual(expected);
  });

  it("is held to its contract and compared in the same form", async () => {
    const checked = await run("check", "payments_1.txt", "--contract", "payments", "--as", "bank", "--json");
    expect(checked).toMatchObject({ code: 6 });
    expect(json(checked.out).data).toMatchObject({
      records: 3,
      faults: [{ record: 3, field: "day", expected: "type date", found: '"20260230"' }],
    });
    const compared = await run("compare", "bare.txt", "bare.txt", ...columns, "--json");
    expect(compared.code).toBe(0);
    expect(json(compared.out).data).toMatchObject({ pilot: { format: "fixed", records: 3 } });
  });

  it.each<[readonly string[], string]>([
    [["--columns", "id"], "name:width"],
    [["--columns", "id:0"], "name:width"],
    [["--columns", "id:3,id:4"], "id is there twice"],
    [["--format", "fixed"], "no columns are said"],
    [["--columns", "id:3", "--format", "csv"], "of fixed width, not of csv"],
    [["--columns", "id:3", "--as", "bank"], "both say how the file is written"],
    [["--as", "bnk"], "no file connector bnk"],
    [["--as", "bank", "--config", "nowhere"], "nowhere"],
    [["--format", "docx"], "Allowed choices"],
    [["--delimiter", "ab"], "one sign"],
  ])("%j is wrong usage", async (words, message) => {
    const { code, err } = await run("profile", "bare.txt", ...words);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  it("is said of files alone", async () => {
    const { code, err } = await run("profile", "--source", "bank", ...columns);
    expect(code).toBe(2);
    expect(err).toContain("Only a file has a form");
  });
});
