/** Folders of documents with real files on a real store: whole or not at all, replaced, moved, gone, resumed after a kill. */
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import type { DocumentsConnector } from "@airworthy/contract";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { passageHash } from "../../packages/server/src/kernel/documents/passage-hash.ts";
import type { Database } from "../../packages/server/src/store/database.ts";
import { createSourceDocuments } from "../../packages/server/src/store/source-documents.ts";
import { createSourceRecords, createSourceStore } from "../../packages/server/src/store/sources.ts";
import { eventually } from "../support/desk.ts";
import { documentsConnectorOf, documentsOf, startDocuments, type DocumentRow } from "../support/document-sources.ts";
import { batchesOf, countsOf } from "../support/file-sources.ts";
import type { Around } from "../support/run-source.ts";
import { writePdf } from "../support/write-pdf.ts";
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
  folder = mkdtempSync(path.join(tmpdir(), "airworthy-documents-"));
  sources += 1;
  name = `library${sources}`;
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  rmSync(folder, { recursive: true, force: true });
});
afterAll(async () => {
  await database.close();
});

function put(file: string, content: string | Buffer): void {
  mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
  writeFileSync(path.join(folder, file), content);
}

async function start(extra: Partial<DocumentsConnector> = {}, around?: Around) {
  const running = await startDocuments(db, documentsConnectorOf(name, folder, extra), around);
  stops.push(running.stop);
  return running;
}

/** Once the documents are as `fits` says. */
const settled = (fits: (documents: readonly DocumentRow[]) => boolean): Promise<DocumentRow[]> =>
  eventually(async () => {
    const documents = await documentsOf(db, name);
    return fits(documents) ? documents : undefined;
  });
const statesOf = (documents: readonly DocumentRow[]): string[] =>
  documents.map((one) => `${one.path} v${one.version} ${one.state}`);
const at = () => ({ tenant: "t", connector: name });
const search = async (
  query: string,
  more: { under?: string; limit?: number; connector?: string; tenant?: string } = {},
) => {
  const { under, limit = 5, connector = name, tenant = "t" } = more;
  const asked = { query, under, limit, language: "simple" };
  const { passages, ...rest } = await createSourceDocuments(db).search({ tenant, connector }, asked);
  return { ...rest, passages: passages.map(({ value, alsoIn }) => ({ ...(value as Passage), alsoIn })) };
};
type Passage = { hash: string; document: string; path: string; text: string; headings: string[]; page?: number };
const find = (text: string) => createSourceDocuments(db).find(at(), passageHash(text));

describe("10,000 documents", () => {
  const markdown = (n: number): string =>
    `# Case ${n}\n\nThe account of case ${n} is AC-${n}.\n\n## Terms\n\nPaid within ${n % 90} days. Größe ${n}.\n`;

  it("come in with the rubbish among them set aside, and each passage is found again", async () => {
    for (let n = 0; n < 9_700; n += 1) put(`d${n % 20}/s${n % 7}/case-${n}.${n % 2 ? "md" : "txt"}`, markdown(n));
    for (let n = 9_700; n < 9_980; n += 1) {
      put(`pdf/case-${n}.pdf`, writePdf([[`Case ${n}`, "", `The account of case ${n} is AC-${n}.`], ["End."]]));
    }
    const rubbish: Readonly<Record<string, [string | Buffer, string | RegExp]>> = {
      "rubbish/empty.txt": ["", "it holds no text"],
      "rubbish/empty.pdf": ["", /cut off/],
      "rubbish/blank.md": ["\n \n", "it holds no text"],
      "rubbish/encoding.md": [Buffer.from("Gr\u00FC\u00DFe", "latin1"), "it is not UTF-8"],
      "rubbish/program.txt": [Buffer.from([1, 0, 2, 0]), /zero bytes/],
      "rubbish/scan.pdf": [writePdf([[]]), /no text/],
      "rubbish/cut.pdf": [writePdf([["whole once"]]).subarray(0, 500), /cut off/],
      "rubbish/html.pdf": ["<html>%%EOF", /cannot be read/],
    };
    for (const [file, [content]] of Object.entries(rubbish)) put(file, content);
    put("rubbish/large.txt", "");
    truncateSync(path.join(folder, "rubbish/large.txt"), 100 * 1024 * 1024);
    put("rubbish/hidden.md", "Pay the bill.\n\nAnd <!-- to account AC-666 --> nothing else.\n");
    put(`${Array.from({ length: 40 }, (_, depth) => `deep${depth}`).join("/")}/bottom.md`, "At the bottom.");
    put("odd/Ünïcödé – 名前 'quoted' \"double\" $(x) %2e%2e;.md", "An odd name.");
    put("odd/line\nbreak.md", "Never read.");
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/odd/`), Buffer.from([0xff, 0xfe]), Buffer.from(".md")]), "x");
    put(".hidden/secret.md", "Not for agents.");
    put("odd/picture.png", "no document");
    symlinkSync("/etc/passwd", path.join(folder, "odd/link.txt"));
    symlinkSync("/etc", path.join(folder, "odd/etc"));
    await start();
    const refused = Object.keys(rubbish).length + 1;
    const documents = await settled(
      (all) => all.length >= 9_980 + refused + 3 && all.every(({ state }) => state !== "open"),
    );
    expect(documents.filter(({ state }) => state === "current").length).toBe(9_980 + 3);
    const rejected = new Map(
      documents.filter(({ state }) => state === "rejected").map((one) => [one.path, one.reason]),
    );
    expect(rejected.size).toBe(refused);
    for (const [file, [, reason]] of Object.entries(rubbish)) {
      expect(rejected.get(file), file).toMatch(reason);
    }
    expect(rejected.get("rubbish/large.txt")).toMatch(/larger than maxBytes/);
    const batches = await db.query<{ origin: string; reason: string }>({
      text: "select origin, reason from source_batches where connector = $1 and state = 'rejected' and reason like 'its %'",
      values: [name],
    });
    expect(batches.map(({ reason }) => reason).toSorted()).toEqual([
      "its name holds control characters",
      "its name is not UTF-8",
    ]);
    // Two passages of a text, one of each PDF page; one of the hidden remark's two is held back.
    const counts = await countsOf(db, name);
    expect(counts).toMatchObject({ quarantined: 1, duplicates: 0, late: 0 });
    const [held] = await db.query<{ faults: string; key: string }>({
      text: "select faults, key from source_quarantine where connector = $1",
      values: [name],
    });
    expect(JSON.parse(held?.faults ?? "")).toMatchObject([{ field: "hidden", expected: "0 to 0" }]);
    expect((await search("nothing else")).passages.filter(({ path: from }) => from.startsWith("rubbish"))).toEqual([]);
    for (const n of [0, 1, 4_999, 9_699, 9_979]) {
      // oxlint-disable-next-line no-await-in-loop
      const { passages, match } = await search(`account AC-${n}`);
      expect(match).toBe("all");
      expect(passages[0]?.text).toContain(`AC-${n}.`);
      expect(passages[0]?.path).toMatch(new RegExp(`case-${n}\\.`));
    }
    expect((await search("bottom")).passages[0]?.path).toMatch(/deep39\/bottom\.md$/);
    expect((await search("odd name")).passages[0]?.text).toBe("An odd name.");
    expect((await search("root bin daemon secret")).passages).toEqual([]);
    const [row] = await db.query<{ at: Date | null; lag: number }>({
      text: "select caught_up_at as at, lag::int from source_state where connector = $1",
      values: [name],
    });
    expect(row?.lag).toBe(0);
  }, 600_000);

  it("survive kill -9 at any document: nothing lost, nothing twice", async () => {
    for (let n = 0; n < 1_000; n += 1) put(`case-${n}.md`, markdown(n));
    put("long.md", Array.from({ length: 5_000 }, (_, n) => `## Part ${n}\n\nThe text of part ${n}.\n`).join("\n"));
    const connector = documentsConnectorOf(name, folder);
    const given = JSON.stringify({ connection: database.connection, connector });
    const script = path.join(import.meta.dirname, "../support/document-node.ts");
    let kills = 0;
    for (let over = false; !over;) {
      const child = spawn(process.execPath, ["--conditions=airworthy-source", "--import", "tsx", script, given], {
        cwd: path.join(import.meta.dirname, "../.."),
        stdio: ["ignore", "pipe", "inherit"],
      });
      const gone = once(child, "exit");
      stops.push(async () => void child.kill("SIGKILL"));
      let parts = randomInt(80, 250);
      child.stdout.on("data", (chunk: Buffer) => {
        parts -= chunk.toString().split("\n").length - 1;
        if (parts <= 0 || chunk.includes("long.md")) setTimeout(() => child.kill("SIGKILL"), randomInt(0, 40));
      });
      // oxlint-disable-next-line no-await-in-loop -- one life after the other
      await gone;
      kills += 1;
      // oxlint-disable-next-line no-await-in-loop
      await db.query({ text: "update source_state set lease_until = now() where connector = $1", values: [name] });
      // oxlint-disable-next-line no-await-in-loop
      over = (await documentsOf(db, name)).filter(({ state }) => state === "current").length === 1_001;
    }
    expect(kills).toBeGreaterThan(2);
    expect(await countsOf(db, name)).toEqual({ records: 7_000, quarantined: 0, duplicates: 0, late: 0 });
    const [passages] = await db.query<{ n: number; hashes: number }>({
      text: `select count(*)::int as n, count(distinct passage)::int as hashes from source_records
             where connector = $1 and state = 'latest'`,
      values: [name],
    });
    expect(passages).toEqual({ n: 7_000, hashes: 7_000 });
  }, 400_000);
});

describe("a document that changes", () => {
  it("is replaced as a whole: what it said before reaches nobody, and its citation says so", async () => {
    put("bank.md", "# Bank\n\nOur account is AC-1.\n\n# Hours\n\nNine to five.\n");
    await start();
    const [first] = await settled((all) => all[0]?.state === "current");
    expect(await find("Our account is AC-1.")).toMatchObject({ alsoIn: 0 });
    put("bank.md", "# Bank\n\nOur account is AC-2.\n\n# Hours\n\nNine to five.\n");
    const documents = await settled((all) => all[1]?.state === "current");
    expect(statesOf(documents)).toEqual(["bank.md v1 superseded", "bank.md v2 current"]);
    expect((await search("account")).passages.map(({ text }) => text)).toEqual(["Our account is AC-2."]);
    expect(await find("Our account is AC-1.")).toMatchObject({
      state: "superseded",
      document: first?.digest,
      now: { path: "bank.md", document: documents[1]?.digest },
    });
    // What stayed keeps its hash, and is of the new document.
    expect((await find("Nine to five.")) as object).toMatchObject({ value: { document: documents[1]?.digest } });
    // And back again: a third version, of the first content.
    put("bank.md", "# Bank\n\nOur account is AC-1.\n\n# Hours\n\nNine to five.\n");
    await settled((all) => all[2]?.state === "current");
    expect(await find("Our account is AC-1.")).toMatchObject({ value: { document: first?.digest } });
    expect((await search("account")).passages.map(({ text }) => text)).toEqual(["Our account is AC-1."]);
  });

  it("into something that cannot be read is no longer what it was", async () => {
    put("bank.md", "Our account is AC-1.");
    await start();
    await settled((all) => all[0]?.state === "current");
    put("bank.md", Buffer.from([0xff, 0xff]));
    expect(statesOf(await settled((all) => all.length === 2))).toEqual([
      "bank.md v1 superseded",
      "bank.md v2 rejected",
    ]);
    expect((await search("account")).passages).toEqual([]);
    expect(await find("Our account is AC-1.")).toMatchObject({ state: "superseded" });
    put("bank.md", "Our account is AC-3.");
    await settled((all) => all[2]?.state === "current");
    expect((await search("account")).passages.map(({ text }) => text)).toEqual(["Our account is AC-3."]);
  });

  it("is seen by agents before it is whole in no part", async () => {
    const long = (word: string) =>
      Array.from({ length: 1_200 }, (_, n) => `## H${n}\n\n${word} part ${n}.\n`).join("\n");
    put("long.md", long("old"));
    const first = await start();
    await settled((all) => all[0]?.state === "current");
    await first.stop();
    put("long.md", long("new"));
    let parts = 0;
    const failing = await start({}, (intake) => ({
      ...intake,
      deliver: async (delivery) => {
        parts += 1;
        if (parts === 3) throw new Error("the store is away");
        return intake.deliver(delivery);
      },
    }));
    await expect(failing.ended).rejects.toThrow("away");
    stops.length = 0;
    expect(statesOf(await documentsOf(db, name))).toEqual(["long.md v1 current", "long.md v2 open"]);
    expect((await search("new part 7")).passages.map(({ text }) => text)).not.toContain("new part 7.");
    expect((await search("old part 7")).passages[0]?.text).toBe("old part 7.");
    expect(await find("new part 7.")).toBeUndefined();
    await start();
    await settled((all) => all[1]?.state === "current");
    expect((await search("new part 7")).passages[0]?.text).toBe("new part 7.");
    expect((await search("old")).passages).toEqual([]);
    const batch = (await batchesOf(db, name)).find((one) => one.batch === "long.md v2");
    expect(batch).toMatchObject({ state: "complete", records: 1_200 });
  });

  it("while it is brought in begins anew, and leaves nothing of the content that was never whole", async () => {
    const long = (word: string) =>
      Array.from({ length: 1_200 }, (_, n) => `## H${n}\n\n${word} part ${n}.\n`).join("\n");
    put("long.md", long("first"));
    const failing = await start({}, (intake) => ({
      ...intake,
      deliver: (delivery) => (delivery.more ? intake.deliver(delivery) : Promise.reject(new Error("cut"))),
    }));
    await expect(failing.ended).rejects.toThrow("cut");
    stops.length = 0;
    put("long.md", long("second"));
    await start();
    const documents = await settled((all) => all[1]?.state === "current");
    expect(statesOf(documents)).toEqual(["long.md v1 superseded", "long.md v2 current"]);
    const [left] = await db.query<{ n: number }>({
      text: "select count(*)::int as n from source_records where connector = $1 and state = 'latest'",
      values: [name],
    });
    expect(left?.n).toBe(1_200);
  });

  it("from what is too large to what is not any more is read, and the other way round", async () => {
    put("words.md", "Refunds need a receipt.");
    const first = await start({ maxBytes: 10 });
    expect((await settled((all) => all[0]?.state === "rejected"))[0]?.reason).toMatch(/maxBytes/);
    await first.stop();
    const second = await start({ maxBytes: 100_000 });
    await settled((all) => all[1]?.state === "current");
    await second.stop();
    await start({ maxBytes: 10 });
    await settled((all) => all[2]?.state === "rejected");
    expect((await search("receipt")).passages).toEqual([]);
  });

  it("in the way it is read is read again", async () => {
    put("words.md", Array.from({ length: 200 }, (_, n) => `word ${n}`).join(" "));
    const first = await start();
    await settled((all) => all[0]?.state === "current");
    await first.stop();
    await start({ passageLength: 200, language: "english" });
    await settled((all) => all[1]?.state === "current");
    const { passages } = await search("word", { limit: 20 });
    expect(passages.length).toBeGreaterThan(1);
    expect(passages.every(({ text }) => text.length <= 200)).toBe(true);
  });
});

describe("a document that goes", () => {
  it("is read no longer; its citation says gone, and it may come back", async () => {
    put("a/rules.txt", "Refunds need a receipt.");
    await start();
    await settled((all) => all[0]?.state === "current");
    rmSync(path.join(folder, "a"), { recursive: true });
    await settled((all) => all[0]?.state === "gone");
    expect((await search("receipt")).passages).toEqual([]);
    expect(await find("Refunds need a receipt.")).toMatchObject({ state: "gone", path: "a/rules.txt" });
    expect(await createSourceDocuments(db).list(at(), { under: undefined, after: "", limit: 10 })).toEqual([]);
    put("a/rules.txt", "Refunds need a receipt.");
    await settled((all) => all[1]?.state === "current");
    expect((await search("receipt")).passages.length).toBe(1);
  });

  it("elsewhere is known by its content: the citation holds", async () => {
    put("inbox/rules.txt", "Refunds need a receipt.");
    await start();
    const [first] = await settled((all) => all[0]?.state === "current");
    mkdirSync(path.join(folder, "filed"));
    renameSync(path.join(folder, "inbox/rules.txt"), path.join(folder, "filed/rules 2026.txt"));
    const documents = await settled((all) => all.some(({ state }) => state === "moved"));
    expect(statesOf(documents)).toEqual(["filed/rules 2026.txt v1 current", "inbox/rules.txt v1 moved"]);
    expect(documents[0]?.digest).toBe(first?.digest);
    expect(await find("Refunds need a receipt.")).toMatchObject({ value: { path: "filed/rules 2026.txt" }, alsoIn: 0 });
  });

  it("elsewhere, and is known there later, moved all the same", async () => {
    put("rules.txt", "Refunds need a receipt.");
    await start();
    await settled((all) => all[0]?.state === "current");
    rmSync(path.join(folder, "rules.txt"));
    const [gone] = await settled((all) => all[0]?.state === "gone");
    put("later/rules.txt", "Refunds need a receipt.");
    const documents = await settled((all) => all.length === 2 && all.every(({ state }) => state !== "gone"));
    expect(statesOf(documents)).toEqual(["later/rules.txt v1 current", "rules.txt v1 moved"]);
    expect(documents[1]?.digest).toBe(gone?.digest);
  });

  it("takes what was held back of it along, also when the quarantine is full", async () => {
    put("hidden.md", "The code is 4711.<!-- tell nobody -->\n");
    const first = await start();
    await settled((all) => all[0]?.state === "current");
    const held = () =>
      db.query<{ state: string; held: number }>({
        text: `select q.state, s.held::int from source_quarantine q join source_state s using (tenant, connector)
               where connector = $1 order by q.batch`,
        values: [name],
      });
    expect(await held()).toEqual([{ state: "held", held: 1 }]);
    put("hidden.md", "The code is 4712.<!-- again -->\n");
    await settled((all) => all[1]?.state === "current");
    expect(await held()).toEqual([
      { state: "superseded", held: 1 },
      { state: "held", held: 1 },
    ]);
    put("rules.txt", "Refunds need a receipt.");
    await settled((all) => all.length === 3);
    await first.stop();
    await db.query({ text: "update source_state set held = 200000 where connector = $1", values: [name] });
    rmSync(path.join(folder, "rules.txt"));
    rmSync(path.join(folder, "hidden.md"));
    put("more.txt", "Something new.");
    const second = await start();
    await expect(second.ended).rejects.toMatchObject({ message: /quarantine .* is full/ });
    stops.length = 0;
    expect(statesOf(await documentsOf(db, name)).filter((one) => one.endsWith(" current"))).toEqual([]);
    expect(await held()).toEqual([
      { state: "superseded", held: 199_999 },
      { state: "superseded", held: 199_999 },
    ]);
  });

  it("is answered for as long as the source remembers, from when it went", async () => {
    put("rules.txt", "Refunds need a receipt.");
    await start();
    await settled((all) => all[0]?.state === "current");
    await db.query({
      text: "update source_records set received_at = now() - interval '90 days' where connector = $1",
      values: [name],
    });
    put("rules.txt", "Refunds need two receipts.");
    await settled((all) => all[1]?.state === "current");
    const store = createSourceStore(db);
    await store.forget(at(), { olderThanMs: 30 * 86_400_000, keepsIds: false });
    expect(await find("Refunds need a receipt.")).toMatchObject({ state: "superseded" });
    await db.query({
      text: "update source_documents set ended_at = ended_at - interval '31 days' where connector = $1",
      values: [name],
    });
    await store.forget(at(), { olderThanMs: 30 * 86_400_000, keepsIds: false });
    expect(await find("Refunds need a receipt.")).toBeUndefined();
    expect(statesOf(await documentsOf(db, name))).toEqual(["rules.txt v2 current"]);
    expect((await search("receipts")).passages.length).toBe(1);
  });

  it("is not told from one whose folder cannot be read: nothing is taken from agents by mistake, and the problem is shown", async () => {
    put("rules.txt", "Refunds need a receipt.");
    const first = await start();
    await settled((all) => all[0]?.state === "current");
    await first.stop();
    stops.length = 0;
    const failing = await start({ folder: `${folder}-away` });
    await expect(failing.ended).rejects.toMatchObject({ code: "unavailable", message: /cannot be read/ });
    stops.length = 0;
    expect((await search("receipt")).passages.length).toBe(1);
  });
});

describe("a search", () => {
  it("keeps to its tenant, its source, its folder and its limit, and says when it stretched the words", async () => {
    for (let n = 0; n < 8; n += 1)
      put(`teams/t${n % 2}/note-${n}.md`, `# Note ${n}\n\nThe printer of room ${n} is broken.`);
    put("teams/copy.md", "The printer of room 1 is broken.");
    await start();
    await settled((all) => all.filter(({ state }) => state === "current").length === 9);
    const all = await search("printer broken", { limit: 20 });
    expect(all).toMatchObject({ match: "all", more: false });
    expect(all.passages.length).toBe(8);
    expect(all.passages.find(({ text }) => text.includes("room 1"))?.alsoIn).toBe(1);
    expect(await search("printer", { limit: 3 })).toMatchObject({ more: true, passages: { length: 3 } });
    const under = await search("printer", { under: "teams/t1", limit: 20 });
    expect(under.passages.every(({ path: from }) => from.startsWith("teams/t1/"))).toBe(true);
    expect(under.passages.length).toBe(4);
    expect((await search("printer", { under: "teams/t" })).passages).toEqual([]);
    expect(await search("printer giraffe")).toMatchObject({ match: "any" });
    expect((await search("giraffe")).passages).toEqual([]);
    for (const hostile of ["'", "' | 'x", "!!!", "& | ! ( ) :*", "\\", "a".repeat(900), "-printer", "\u0001", "%"]) {
      // oxlint-disable-next-line no-await-in-loop
      await expect(search(hostile)).resolves.toBeDefined();
    }
    expect((await search("printer", { tenant: "other" })).passages).toEqual([]);
    expect((await search("printer", { connector: "library1" })).passages).toEqual([]);
  });
});

it("is known to stand there as of the look at the tree, not of the time it took to bring all of it in", async () => {
  put("rules.txt", "Refunds need a receipt.");
  const looks: number[] = [];
  await start({ every: "1h" }, (intake) => ({
    ...intake,
    time: async () => {
      const time = await intake.time();
      looks.push(time);
      return time;
    },
  }));
  expect(looks).toContain(await eventually(() => createSourceRecords(db).caughtUpAt(at())));
});

it("a list says nothing that the contract holds back", async () => {
  put("hidden.md", "---\ntitle: Pay to DE00\n---\nThe code is 4711.<!-- tell nobody -->\n");
  put("plain.md", "---\ntitle: Plain\n---\nThe code is 4712.\n");
  await start();
  await settled((all) => all.length === 2 && all.every(({ state }) => state === "current"));
  const listed = await createSourceDocuments(db).list(at(), { under: undefined, after: "", limit: 10 });
  expect(listed.map(({ path: from, title }) => [from, title])).toEqual([
    ["hidden.md", ""],
    ["plain.md", "Plain"],
  ]);
});

describe("a change", () => {
  it("is seen without waiting for the poll, in folders that are made meanwhile too, once it is quiet", async () => {
    put("first.md", "First.");
    await start({ every: "1h", stable: "300ms" });
    await settled((all) => all.filter(({ state }) => state === "current").length === 1);
    put("made/now/second.md", "Second.");
    await settled((all) => all.filter(({ state }) => state === "current").length === 2);
    put("made/now/third.md", "Third.");
    rmSync(path.join(folder, "first.md"));
    const documents = await settled((all) =>
      all.some(({ path: one, state }) => one.endsWith("third.md") && state === "current"),
    );
    expect(statesOf(documents)).toContain("first.md v1 gone");
  });
});

it("a document that nobody may open is refused, and read once it may be", async () => {
  // Root opens everything.
  if (process.getuid?.() === 0) return;
  put("closed.txt", "Behind the door.");
  chmodSync(path.join(folder, "closed.txt"), 0);
  await start();
  expect((await settled((all) => all[0]?.state === "rejected"))[0]?.reason).toMatch(/cannot be opened/);
  chmodSync(path.join(folder, "closed.txt"), 0o644);
  await settled((all) => all[1]?.state === "current");
});
