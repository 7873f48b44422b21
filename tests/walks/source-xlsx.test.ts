/** Workbooks in a file drop, on a real store: of real writers, and 10,000 records through kills of the node. */
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import type { FileConnector } from "@airworthy/contract";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";

import { makeRow, makeWorkbook } from "../../packages/server/src/kernel/records/xlsx/workbook.fixture.ts";
import type { Database } from "../../packages/server/src/store/database.ts";
import {
  batchesOf,
  countsOf,
  fileConnectorOf,
  settledBatches,
  startFileSource,
  valueOf,
  type BatchRow,
} from "../support/file-sources.ts";
import { findXlsxWriters } from "../support/python-writers.ts";
import { openSourceDatabase, type SourceDatabase } from "../support/source-database.ts";

const write = findXlsxWriters();
let database: SourceDatabase;
let db: Database;
let folder: string;
let name: string;
let sources = 0;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  database = await openSourceDatabase();
  ({ db } = database);
});
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "airworthy-drop-"));
  sources += 1;
  name = `sheet${sources}`;
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  rmSync(folder, { recursive: true, force: true });
});
afterAll(async () => {
  await database.close();
});

const connectorOf = (extra: Partial<FileConnector> = {}): FileConnector =>
  fileConnectorOf(name, folder, { files: "payments_*.xlsx", format: "xlsx", every: "1s", ...extra });

function put(file: string, content: Buffer): void {
  writeFileSync(path.join(folder, file), content);
  writeFileSync(path.join(folder, `${file}.done`), "");
}

async function start(extra: Partial<FileConnector> = {}): Promise<void> {
  stops.push((await startFileSource(db, connectorOf(extra))).stop);
}

const settled = (count: number): Promise<BatchRow[]> => settledBatches(db, name, count);

const heads = makeRow(1, ["id", "amount", "day", "payee"]);
const sheetOf = (count: number, prefix = "p"): string =>
  heads +
  Array.from({ length: count }, (_, at) => makeRow(at + 2, [`${prefix}${at}`, at + 0.5, "2026-11-01", "Søn"])).join("");

it.skipIf(write === undefined).each(["openpyxl", "xlsxwriter"] as const)(
  "10,000 records of %s come in; what the sheet could not calculate is set aside by field",
  async (writer) => {
    write?.(path.join(folder, "payments_1.xlsx"), writer, 10_000);
    writeFileSync(path.join(folder, "payments_1.xlsx.done"), "");
    await start({ sheet: "Payments" });
    expect(await settled(1)).toMatchObject([{ state: "complete", records: 9900, quarantined: 100 }]);
    expect(await valueOf(db, name, "p9999")).toEqual({
      id: "p9999",
      amount: 9999.3,
      day: "2026-11-01",
      payee: "Ünal & <Søn> 9999",
    });
    const [held] = await db.query<{ faults: string }>({
      text: "select faults from source_quarantine where connector = $1 order by number limit 1",
      values: [name],
    });
    const found = writer === "openpyxl" ? '["a formula without its value"]' : '["#DIV/0!"]';
    expect(JSON.parse(held?.faults ?? "")).toMatchObject([{ field: "amount", expected: "type number", found }]);
  },
  120_000,
);

it("10,000 records survive kill -9 at any of them: nothing lost, nothing twice", async () => {
  put("payments_1.xlsx", makeWorkbook({ rows: sheetOf(10_000) }));
  put("payments_2.xlsx", makeWorkbook({ rows: sheetOf(1000, "q") }));
  const given = JSON.stringify({ connection: database.connection, connector: connectorOf() });
  const script = path.join(import.meta.dirname, "../support/file-node.ts");
  let kills = 0;
  for (let over = false; !over;) {
    const child = spawn(process.execPath, ["--conditions=airworthy-source", "--import", "tsx", script, given], {
      cwd: path.join(import.meta.dirname, "../.."),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const gone = once(child, "exit");
    stops.push(async () => void child.kill("SIGKILL"));
    let parts = randomInt(3, 9);
    child.stdout.on("data", (chunk: Buffer) => {
      parts -= chunk.toString().split("\n").length - 1;
      if (parts <= 0) setTimeout(() => child.kill("SIGKILL"), randomInt(0, 40));
    });
    // oxlint-disable-next-line no-await-in-loop -- one life after the other
    await gone;
    kills += 1;
    // oxlint-disable-next-line no-await-in-loop
    await db.query({ text: "update source_state set lease_until = now() where connector = $1", values: [name] });
    // oxlint-disable-next-line no-await-in-loop
    over = (await batchesOf(db, name)).filter(({ state }) => state === "complete").length === 2;
  }
  expect(kills).toBeGreaterThan(1);
  expect(await countsOf(db, name)).toEqual({ records: 11_000, quarantined: 0, duplicates: 0, late: 0 });
}, 400_000);

it("one that cannot be trusted comes in not at all, and its last row is held to its claims", async () => {
  const trailer = { begins: "END", rows: 2, total: { cell: 3, of: "amount" } };
  put("payments_1.xlsx", makeWorkbook({ rows: sheetOf(3) }).subarray(0, 700));
  put("payments_2.xlsx", makeWorkbook({ rows: sheetOf(3) + makeRow(5, ["END", 4, 4.5]) }));
  put("payments_3.xlsx", makeWorkbook({ rows: sheetOf(3) + makeRow(5, ["END", 3, 4.5]) }));
  put(
    "payments_4.xlsx",
    makeWorkbook({ rows: sheetOf(3), after: '<mergeCells><mergeCell ref="A3:A4"/></mergeCells>' }),
  );
  await start({ whole: { done: ".done", trailer } });
  const batches = await settled(4);
  expect(Object.fromEntries(batches.map(({ batch, state, reason }) => [batch, `${state} ${reason ?? ""}`]))).toEqual({
    "payments_1.xlsx": "rejected it is damaged, or was cut off: its archive cannot be read.",
    "payments_2.xlsx": "rejected it holds 3 records, and its sender says 4",
    "payments_3.xlsx": "complete ",
    "payments_4.xlsx": "rejected it has merged cells among its records (A3:A4), of which one alone has the value.",
  });
  expect(await countsOf(db, name)).toMatchObject({ records: 3, quarantined: 0 });
});

it("numbers kept as text, names made of digits and days in either form come to the types of the contract", async () => {
  const rows = `${heads}${makeRow(2, [4711, "1.234,50", "31.01.2026", null])}
    <row r="3"><c r="A3"><v>12345678901234567890</v></c><c r="B3"><v>2</v></c><c r="C3" s="1"><v>46053</v></c></row>`;
  put("payments_1.xlsx", makeWorkbook({ rows, formats: ["d.m.yy"] }));
  await start({ decimals: "comma", dates: "dd.mm.yyyy" });
  expect(await settled(1)).toMatchObject([{ state: "complete", records: 2, quarantined: 0 }]);
  const expected = { id: "4711", amount: 1234.5, day: "2026-01-31", payee: null };
  expect(await valueOf(db, name, "4711")).toEqual(expected);
  expect(await valueOf(db, name, "12345678901234567890")).toMatchObject({ amount: 2, day: "2026-01-31" });
});
