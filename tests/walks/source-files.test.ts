/** File drops with real files on a real store: whole or not at all, each content once, resumed after a kill at any record. */
import { spawn } from "node:child_process";
import { createHash, randomInt } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";

import type { FileConnector } from "@airworthy/contract";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import type { SourceIntake } from "../../packages/server/src/intake/source-driver.ts";
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
import { openSourceDatabase, type SourceDatabase } from "../support/source-database.ts";

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
  name = `drop${sources}`;
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  rmSync(folder, { recursive: true, force: true });
});
afterAll(async () => {
  await database.close();
});

const header = "id,amount,day,payee";
const row = (at: number): string => `p${at},${at}.50,2026-11-0${1 + (at % 9)},Ünal & Søn ${at}`;
const csvOf = (count: number): string =>
  `${[header, ...Array.from({ length: count }, (_, at) => row(at))].join("\n")}\n`;

function put(file: string, content: string | Buffer, done = ".done"): void {
  writeFileSync(path.join(folder, file), content);
  writeFileSync(path.join(folder, `${file}${done}`), "");
}

async function start(extra: Partial<FileConnector> = {}, around?: (intake: SourceIntake) => SourceIntake) {
  const running = await startFileSource(db, fileConnectorOf(name, folder, { every: "1s", ...extra }), around);
  stops.push(running.stop);
  return running;
}

const settled = (count: number): Promise<BatchRow[]> => settledBatches(db, name, count);

describe("10,000 records", () => {
  it("come in once, with the rubbish among them set aside by record, field, expected and found", async () => {
    const lines = csvOf(10_000).trimEnd().split("\n");
    const rubbish: Readonly<Record<number, string>> = {
      100: "p100,-5,2026-11-01,below",
      200: "p200,,2026-11-01,null",
      300: "p300,1,2026-13-01,no such month",
      400: "p400,1,2026-11-01",
      500: 'p500,1,2026-11-01,x,"one too many"',
      600: "p600,12x,2026-11-01,retyped",
      700: ",1,2026-11-01,no key",
    };
    for (const [at, text] of Object.entries(rubbish)) lines[Number(at) + 1] = text;
    put("payments_1.csv", lines.join("\r\n"));
    await start();
    const [batch] = await settled(1);
    expect(batch).toMatchObject({ state: "complete", records: 9993, quarantined: 7 });
    expect(await countsOf(db, name)).toEqual({ records: 9993, quarantined: 7, duplicates: 0, late: 0 });
    expect(await valueOf(db, name, "p9999")).toEqual({
      id: "p9999",
      amount: 9999.5,
      day: "2026-11-01",
      payee: "Ünal & Søn 9999",
    });
    const held = await db.query<{ number: number; faults: string }>({
      text: "select number::int, faults from source_quarantine where connector = $1 order by number",
      values: [name],
    });
    expect(held.map(({ number }) => number)).toEqual(Object.keys(rubbish).map((at) => Number(at) + 1));
    expect(JSON.parse(held[0]?.faults ?? "")).toMatchObject([{ field: "amount", found: '"-5"' }]);
  });

  it("survive kill -9 at any record: nothing lost, nothing twice", async () => {
    put("payments_1.csv", csvOf(10_000));
    put("payments_2.csv", csvOf(1000).replaceAll(/^p/gm, "q"));
    const connector = fileConnectorOf(name, folder);
    const given = JSON.stringify({ connection: database.connection, connector });
    const script = path.join(import.meta.dirname, "../support/file-node.ts");
    let kills = 0;
    for (let over = false; !over;) {
      const child = spawn(process.execPath, ["--conditions=airworthy-source", "--import", "tsx", script, given], {
        cwd: path.join(import.meta.dirname, "../.."),
        stdio: ["ignore", "pipe", "inherit"],
      });
      const gone = once(child, "exit");
      stops.push(async () => void child.kill("SIGKILL"));
      // Killed at some moment within or between parts; a delay of up to 40 ms is about one part.
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
    expect(kills).toBeGreaterThan(2);
    expect(await countsOf(db, name)).toEqual({ records: 11_000, quarantined: 0, duplicates: 0, late: 0 });
    const [keys] = await db.query<{ n: number }>({
      text: "select count(distinct key)::int as n from source_records where connector = $1 and state = 'latest'",
      values: [name],
    });
    expect(keys?.n).toBe(11_000);
  }, 400_000);
});

describe("a file that is not whole", () => {
  const claim = (text: string, more: object = {}) =>
    JSON.stringify({
      rows: 3,
      sha256: createHash("sha256").update(text).digest("hex"),
      totals: { amount: "4.50" },
      ...more,
    });

  it.each<[string, string | Buffer, Partial<FileConnector>, string, string]>([
    ["counts otherwise", csvOf(3), { whole: { manifest: ".json" } }, claim(csvOf(3), { rows: 4 }), "holds 3 records"],
    [
      "sums up otherwise",
      csvOf(3),
      { whole: { manifest: ".json" } },
      claim(csvOf(3), { totals: { amount: 4.51 } }),
      "sums up to 4.50",
    ],
    ["was damaged", csvOf(3), { whole: { checksum: ".sha256" } }, claim(csvOf(4)).slice(20, 84), "SHA-256"],
    [
      "has a manifest that says more",
      csvOf(3),
      { whole: { manifest: ".json" } },
      claim(csvOf(3), { lines: 3 }),
      "is no manifest (Unrecognized key",
    ],
    [
      "has a checksum that is too large",
      csvOf(3),
      { whole: { checksum: ".sha256" } },
      "x".repeat(2 * 1024 * 1024),
      "holds no SHA-256",
    ],
    [
      "has a manifest that is too large",
      csvOf(3),
      { whole: { manifest: ".json" } },
      "x".repeat(2 * 1024 * 1024),
      "is no manifest",
    ],
    ["has no last line", csvOf(3), { whole: { done: ".done", trailer: { begins: "END", rows: 2 } } }, "", "cut off"],
    [
      "goes on behind its last line",
      `${csvOf(3)}END,3\n${row(9)}\n`,
      { whole: { done: ".done", trailer: { begins: "END", rows: 2 } } },
      "",
      "stands behind",
    ],
    [
      "has a last line that counts otherwise",
      `${csvOf(3)}END,2\n`,
      { whole: { done: ".done", trailer: { begins: "END", rows: 2 } } },
      "",
      "holds 3 records",
    ],
    ["never closes a quote", `${csvOf(3)}p9,1,2026-11-01,"open\n${csvOf(3)}`, {}, "", "cannot be read to its end"],
    ["is in another encoding", Buffer.from(csvOf(3), "latin1"), {}, "", "is not UTF-8"],
    [
      "is packed and cut off",
      gzipSync(csvOf(3000)).subarray(0, 900),
      { files: "payments_*.gz" },
      "",
      "cannot be unpacked",
    ],
    ["names a column twice", csvOf(3).replace("payee", "id"), {}, "", 'names the column "id" twice'],
    ["is too large", csvOf(3), { maxBytes: 50 }, "", "larger than maxBytes"],
  ])("that %s is refused, and nothing of it is taken", async (_, content, extra, beside, reason) => {
    const file = extra.files === undefined ? "payments_1.csv" : "payments_1.csv.gz";
    const suffix = extra.whole?.manifest ?? extra.whole?.checksum ?? ".done";
    put(file, content, suffix);
    writeFileSync(path.join(folder, `${file}${suffix}`), beside);
    await start(extra);
    const [batch] = await settled(1);
    expect(batch).toMatchObject({ batch: file, state: "rejected", records: 0 });
    expect(batch?.reason).toContain(reason);
    expect(batch?.reason).not.toContain(folder);
    expect(await countsOf(db, name)).toMatchObject({ records: 0, quarantined: 0 });
  });

  it("is taken when all that its sender says is so", async () => {
    const text = csvOf(3);
    put("payments_1.csv", text, ".json");
    writeFileSync(path.join(folder, "payments_1.csv.json"), claim(text));
    put("payments_2.csv", `${csvOf(5).replaceAll(/^p/gm, "q")}END;5;12,50\n`.replaceAll(/^(q.*)/gm, "$1"), ".json");
    writeFileSync(path.join(folder, "payments_2.csv.json"), "{}");
    await start({ whole: { manifest: ".json" } });
    const batches = await settled(2);
    expect(batches).toMatchObject([
      { state: "complete", records: 3, quarantined: 0 },
      { state: "complete", records: 5, quarantined: 1 },
    ]);
  });

  it("may come again, mended, under its name", async () => {
    const whole = { done: ".done", trailer: { begins: "END", rows: 2 } };
    put("payments_1.csv", `${csvOf(3)}END,4\n`);
    await start({ whole });
    await settled(1);
    put("payments_1.csv", `${csvOf(3)}END,3\n`);
    const [, mended] = await settled(2);
    expect(mended).toMatchObject({ state: "complete", records: 3 });
  });

  it("because its end is still to come, waits for its sign, and is then taken at once", async () => {
    writeFileSync(path.join(folder, "payments_1.csv"), csvOf(3));
    await start({ every: "1h" });
    writeFileSync(path.join(folder, "payments_0.csv"), csvOf(2).replaceAll(/^p/gm, "q"));
    writeFileSync(path.join(folder, "payments_0.csv.done"), "");
    expect(await settled(1)).toMatchObject([{ batch: "payments_0.csv", state: "complete" }]);
    writeFileSync(path.join(folder, "payments_1.csv.done"), "");
    expect(await settled(2)).toMatchObject([{}, { batch: "payments_1.csv", state: "complete", records: 3 }]);
  });

  const sum = (text: string): string => createHash("sha256").update(text).digest("hex");
  const write = (file: string, text: string): void => writeFileSync(path.join(folder, file), text);

  it.each<[string, FileConnector["whole"], string, string]>([
    ["checksum that is empty", { checksum: ".side" }, "", `${sum(csvOf(3))}  payments_1.csv\n`],
    ["checksum that is cut off", { checksum: ".side" }, sum(csvOf(3)).slice(0, 40), sum(csvOf(3))],
    ["manifest that is empty", { manifest: ".side" }, "", claim(csvOf(3))],
    ["manifest that is cut off", { manifest: ".side" }, claim(csvOf(3)).slice(0, 30), claim(csvOf(3))],
  ])("because beside it is a %s, waits for the rest", async (_, whole, begun, rest) => {
    write("payments_1.csv", csvOf(3));
    write("payments_1.csv.side", begun);
    utimesSync(path.join(folder, "payments_1.csv"), 1, 1);
    // Younger: once it is in, the other was looked at.
    const other = csvOf(2).replaceAll(/^p/gm, "q");
    write("payments_2.csv", other);
    write("payments_2.csv.side", whole?.checksum === undefined ? "{}" : sum(other));
    await start({ whole, every: "1h" });
    expect(await settled(1)).toMatchObject([{ batch: "payments_2.csv", state: "complete" }]);
    write("payments_1.csv.side", rest);
    expect(await settled(2)).toMatchObject([{}, { batch: "payments_1.csv", state: "complete", records: 3 }]);
  });

  it.each([false, true])(
    "by what stands beside it, is judged again when that changes (restarted: %s)",
    async (again) => {
      const checksum = { whole: { checksum: ".side" }, every: "1h" };
      write("payments_1.csv", csvOf(3));
      write("payments_1.csv.side", sum(csvOf(4)));
      const { stop } = await start(checksum);
      expect(await settled(1)).toMatchObject([{ batch: "payments_1.csv", state: "rejected" }]);
      // Wrong in another way: still one batch that was refused, and why it is now.
      write("payments_1.csv.side", "no sum at all");
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- until it is so; the test's limit ends it
        const [one, ...others] = await batchesOf(db, name);
        expect(others).toEqual([]);
        if (one?.reason?.includes("holds no SHA-256")) break;
      }
      if (again) {
        await stop();
        stops.pop();
      }
      write("payments_1.csv.side", sum(csvOf(3)));
      if (again) await start(checksum);
      const [, taken] = await settled(2);
      expect(taken).toMatchObject({ state: "complete", records: 3 });
      expect(taken?.batch).toBe(`payments_1.csv (${sum(csvOf(3)).slice(0, 12)})`);
      expect(await countsOf(db, name)).toEqual({ records: 3, quarantined: 0, duplicates: 0, late: 0 });
    },
  );

  it("because it was sent again before its checksum was, is taken once that is there", async () => {
    const [old, fresh] = [csvOf(3), csvOf(3).replace("p0,0.50", "p0,7.50")];
    write("payments_1.csv", old);
    write("payments_1.csv.side", sum(old));
    await start({ whole: { checksum: ".side" }, sameName: "take", every: "1h" });
    await settled(1);
    write("payments_1.csv.new", fresh);
    renameSync(path.join(folder, "payments_1.csv.new"), path.join(folder, "payments_1.csv"));
    expect((await settled(2))[1]).toMatchObject({
      state: "rejected",
      reason: "its SHA-256 is not what its sender says",
    });
    write("payments_1.csv.side", sum(fresh));
    expect((await settled(3))[2]).toMatchObject({ state: "complete", records: 3 });
    expect(await valueOf(db, name, "p0")).toMatchObject({ amount: 7.5 });
  });

  it("is whole by its quiet, where nothing else is said", async () => {
    writeFileSync(path.join(folder, "payments_1.csv"), csvOf(3));
    await start({ whole: { stable: "200ms" } });
    expect(await settled(1)).toMatchObject([{ state: "complete", records: 3 }]);
  });
});

describe("what came before", () => {
  it("is known: the same content under another name, other content under the same name", async () => {
    put("payments_1.csv", csvOf(3));
    await start();
    await settled(1);
    put("payments_2.csv", csvOf(3));
    const [, twin] = await settled(2);
    expect(twin).toMatchObject({
      batch: "payments_2.csv",
      state: "rejected",
      reason: "the same content came before as payments_1.csv",
    });
    put("payments_1.csv", csvOf(4));
    const [, , other] = await settled(3);
    expect(other).toMatchObject({ state: "rejected", reason: "a file of this name came before, with other content" });
    expect(other?.batch).toMatch(/^payments_1\.csv \([0-9a-f]{12}\)$/);
    expect(await countsOf(db, name)).toMatchObject({ records: 3, duplicates: 0 });
  });

  it("may be replaced under its name where that is said", async () => {
    put("payments_1.csv", csvOf(3));
    await start({ sameName: "take" });
    await settled(1);
    put("payments_1.csv", csvOf(4).replace("p0,0.50", "p0,7.50"));
    await settled(2);
    expect(await countsOf(db, name)).toEqual({ records: 7, quarantined: 0, duplicates: 0, late: 0 });
    expect(await valueOf(db, name, "p0")).toMatchObject({ amount: 7.5 });
  });

  it("is not overwritten by a file of an earlier day that comes late", async () => {
    const extra = { files: "payments_{yyyy}{mm}{dd}.csv" };
    put("payments_20261103.csv", csvOf(3).replace("p0,0.50", "p0,3.00"));
    await start(extra);
    await settled(1);
    put("payments_20261102.csv", csvOf(3).replace("p0,0.50", "p0,2.00"));
    await settled(2);
    expect(await valueOf(db, name, "p0")).toMatchObject({ amount: 3 });
    expect((await countsOf(db, name)).late).toBeGreaterThan(0);
  });

  it("is not read again after a restart", async () => {
    put("payments_1.csv", csvOf(3));
    const first = await start();
    await settled(1);
    await first.stop();
    stops.pop();
    utimesSync(path.join(folder, "payments_1.csv"), new Date(), new Date());
    await start();
    put("payments_2.csv", csvOf(5));
    await settled(2);
    expect(await countsOf(db, name)).toEqual({ records: 8, quarantined: 0, duplicates: 0, late: 0 });
  });
});

describe("other people's forms", () => {
  it.each<[string, string, string | Buffer, Partial<FileConnector>]>([
    [
      "windows-1252, semicolons, decimal commas, days of the month first",
      "payments_1.csv",
      Buffer.from(`id;amount;day;payee\r\np1;"1.234,50";31.01.2026;Müller & Söhne\r\n`, "latin1"),
      { encoding: "windows-1252", decimals: "comma", dates: "dd.mm.yyyy" },
    ],
    [
      "a byte order mark and a tab between cells",
      "payments_1.tsv",
      "\uFEFFid\tamount\tday\tpayee\np1\t1234.50\t2026-01-31\tMüller & Söhne\n",
      {},
    ],
    [
      "fixed width with a last line",
      "payments_1.txt",
      "p1      1234.50 20260131Müller & Söhne\nEND 1 1234.50\n",
      {
        format: "fixed",
        dates: "yyyymmdd",
        columns: [
          { name: "id", width: 8 },
          { name: "amount", width: 8 },
          { name: "day", width: 8 },
          { name: "payee", width: 20 },
        ],
        whole: { done: ".done", trailer: { begins: "END", rows: 2, total: { cell: 3, of: "amount" } } },
      },
    ],
    [
      "JSON lines, packed",
      "payments_1.jsonl.gz",
      gzipSync('{"id":"p1","amount":1234.5,"day":"2026-01-31","payee":"Müller & Söhne"}\n'),
      { format: "jsonl" },
    ],
    [
      "one list of JSON",
      "payments_1.json",
      '[{"id":"p1","amount":1234.5,"day":"2026-01-31","payee":"Müller & Söhne"}]',
      { format: "json" },
    ],
  ])("are read: %s", async (_, file, content, extra) => {
    put(file, content);
    await start(extra);
    expect(await settled(1)).toMatchObject([{ state: "complete", records: 1, quarantined: 0 }]);
    expect(await valueOf(db, name, "p1")).toEqual({
      id: "p1",
      amount: 1234.5,
      day: "2026-01-31",
      payee: "Müller & Söhne",
    });
  });

  it("are not guessed: an English number among decimal commas is held back", async () => {
    put("payments_1.csv", 'id;amount;day;payee\np1;"1,234.50";31.01.2026;x\np2;5;31.02.2026;x\np3;5;01.02.2026;x\n');
    await start({ decimals: "comma", dates: "dd.mm.yyyy" });
    expect(await settled(1)).toMatchObject([{ records: 1, quarantined: 2 }]);
  });
});

it("a failure in the middle is tried again from where it stopped", async () => {
  put("payments_1.csv", csvOf(2000));
  let deliveries = 0;
  const broken = await start({}, (intake) => ({
    ...intake,
    deliver: async (delivery) => {
      deliveries += 1;
      if (deliveries === 3) throw new Error("the database is away");
      return intake.deliver(delivery);
    },
  }));
  await expect(broken.ended).rejects.toThrowError("the database is away");
  stops.pop();
  expect(await countsOf(db, name)).toMatchObject({ records: 1000 });
  await start();
  await settled(1);
  expect(await countsOf(db, name)).toEqual({ records: 2000, quarantined: 0, duplicates: 0, late: 0 });
});

it("a file that may not be read holds up no other, and is named", async () => {
  // Root may read everything: while files are read we are nobody, and for the store, whose socket is its own, root again.
  const isRoot = process.geteuid?.() === 0;
  const be = (user: number): void => void (isRoot && process.seteuid?.(user));
  put("payments_1.csv", csvOf(3));
  put("payments_2.csv", csvOf(2).replaceAll(/^p/gm, "q"));
  chmodSync(folder, 0o755);
  chmodSync(path.join(folder, "payments_1.csv"), 0);
  utimesSync(path.join(folder, "payments_1.csv"), 1, 1);
  try {
    const { ended } = await start({}, (intake) => {
      be(65_534);
      return {
        ...intake,
        known: async (find) => {
          be(0);
          return intake.known(find).finally(() => be(65_534));
        },
        deliver: async (delivery) => {
          be(0);
          return intake.deliver(delivery);
        },
      };
    });
    stops.pop();
    await expect(ended).rejects.toThrowError("We may not read payments_1.csv. The other files are taken.");
  } finally {
    be(0);
  }
  expect(await batchesOf(db, name)).toMatchObject([{ batch: "payments_2.csv", state: "complete", records: 2 }]);
});

it("a link that leads out of the folder is not followed, and a folder that is not there is told", async () => {
  const { symlinkSync } = await import("node:fs");
  symlinkSync("/etc/passwd", path.join(folder, "payments_9.csv"));
  writeFileSync(path.join(folder, "payments_9.csv.done"), "");
  put("payments_1.csv", csvOf(1));
  await start();
  await settled(1);
  expect(await batchesOf(db, name)).toHaveLength(1);
  const lost = await startFileSource(db, fileConnectorOf(`${name}x`, path.join(folder, "none")));
  await expect(lost.ended).rejects.toThrowError(/folder of .* cannot be read/);
});
