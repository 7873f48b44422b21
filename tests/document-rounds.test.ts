/** One look at a tree after the other: what is tried again, what is refused, what is only looked at. */
import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { bringDocuments, type Keeping } from "../packages/server/src/intake/documents/bring-documents.ts";
import { createRetries } from "../packages/server/src/intake/documents/create-retries.ts";
import { scanTree } from "../packages/server/src/intake/documents/scan-tree.ts";
import type { DocumentReader } from "../packages/server/src/kernel/documents/document-reader.ts";
import { eventually } from "./support/desk.ts";
import { documentsConnectorOf } from "./support/document-sources.ts";

type Answer = Awaited<ReturnType<DocumentReader["read"]>>[number];

const slow: Answer = { kind: "refused", reason: "reading it took longer than 30 s", mayPass: true };
const empty: Answer = { kind: "refused", reason: "it holds no text" };
const whole: Answer = {
  kind: "read",
  title: "Note",
  hidden: 0,
  passages: [{ hash: "0".repeat(64), ordinal: 1, headings: [], text: "Note", hidden: 0 }],
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "airworthy-rounds-"));
  writeFileSync(path.join(folder, "note.txt"), "Note");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A source whose reader answers what is put into `answers`; `happened` says what was written of it. */
function openSource(stable = "0ms") {
  const answers: Answer[] = [];
  const happened: string[] = [];
  let now = 0;
  const connector = documentsConnectorOf("library", folder, { stable });
  const quiet = new Map();
  const reader: DocumentReader = {
    read: async (jobs) => jobs.map(() => answers.shift() ?? whole),
    close: async () => undefined,
  };
  const deliverAll: Keeping["run"]["intake"]["deliverAll"] = async (deliveries) => {
    for (const { batch, document } of deliveries) {
      happened.push(`in ${batch.id}${document?.movedFrom === undefined ? "" : `, from ${document.movedFrom}`}`);
    }
    return [];
  };
  const intake = {
    position: () => undefined,
    deliverAll,
    documents: {
      reject: async ({ id }: { id: string }, { reason }: { reason: string }) =>
        void happened.push(`no ${id}: ${reason}`),
      withdraw: async (paths: readonly string[]) => void happened.push(`gone ${paths.join()}`),
    },
  };
  const run = { connector, intake, signal: new AbortController().signal } as unknown as Keeping["run"];
  const known: Keeping["known"] = new Map();
  const start = (): Keeping => {
    return { run, reader, reading: "r", known, settled: new Map(), retries: createRetries(() => now) };
  };
  let keeping = start();
  return {
    answers,
    happened,
    restart: () => {
      keeping = start();
    },
    look: async () => bringDocuments(keeping, await scanTree(connector, { folder, quiet })),
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe("a document that could not be read for a reason that may pass", () => {
  it("is tried again, later each time, and keeps its place meanwhile", async () => {
    const source = openSource();
    source.answers.push(slow, slow);
    expect(await source.look()).toBe(true);
    expect(await source.look()).toBe(true);
    expect(source.answers).toHaveLength(1);
    source.pass(1000);
    expect(await source.look()).toBe(true);
    source.pass(1000);
    expect(await source.look()).toBe(true);
    source.pass(4000);
    expect(await source.look()).toBe(false);
    expect(source.happened).toEqual(["in note.txt v1"]);
  });

  it("is refused in the end, and tried after a restart or a touch; the same refusal is said once", async () => {
    const source = openSource();
    source.answers.push(slow, slow, slow, slow, slow);
    for (let tries = 0; tries < 5; tries += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one look after the other
      await source.look();
      source.pass(60_000);
    }
    const refused = "no note.txt v1: reading it took longer than 30 s";
    expect(source.happened).toEqual([refused]);
    expect(await source.look()).toBe(false);
    source.answers.push(slow);
    source.restart();
    expect(await source.look()).toBe(false);
    expect([source.happened, source.answers]).toEqual([[refused], []]);
    utimesSync(path.join(folder, "note.txt"), 1_000_000, 1_000_000);
    await source.look();
    expect(source.happened).toEqual([refused, "in note.txt v2"]);
  });

  it("is not what one is that holds no text", async () => {
    const source = openSource();
    source.answers.push(empty);
    expect(await source.look()).toBe(false);
    expect(source.happened).toEqual(["no note.txt v1: it holds no text"]);
  });
});

describe("a document that moves", () => {
  /** Until what is there has been quiet. */
  const settle = (source: ReturnType<typeof openSource>, count: number): Promise<boolean> =>
    eventually(async () => {
      await source.look();
      return source.happened.length === count;
    });

  it("is not missed while it waits for its quiet at its new place", async () => {
    const source = openSource("300ms");
    await settle(source, 1);
    renameSync(path.join(folder, "note.txt"), path.join(folder, "filed.txt"));
    await source.look();
    expect(source.happened).toEqual(["in note.txt v1"]);
    await settle(source, 2);
    await source.look();
    expect(source.happened).toEqual(["in note.txt v1", "in filed.txt v1, from note.txt"]);
  });

  it("is withdrawn at once where nothing like it is on its way in, and known again when it comes", async () => {
    const source = openSource();
    await source.look();
    rmSync(path.join(folder, "note.txt"));
    writeFileSync(path.join(folder, "other.txt"), "Something else");
    await source.look();
    expect(source.happened).toEqual(["in note.txt v1", "gone note.txt", "in other.txt v1"]);
    writeFileSync(path.join(folder, "back.txt"), "Note");
    await source.look();
    expect(source.happened.at(-1)).toBe("in back.txt v1, from note.txt");
  });
});
