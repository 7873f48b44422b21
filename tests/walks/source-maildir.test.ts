/** Maildirs with real files on a real store: each mail once, rubbish set aside, resumed after a kill at any part. */
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { JsonObject, MailboxConnector } from "@airworthy/contract";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import type { SourceIntake } from "../../packages/server/src/intake/source-driver.ts";
import type { Database } from "../../packages/server/src/store/database.ts";
import { createSourceStore } from "../../packages/server/src/store/sources.ts";
import { eventually } from "../support/desk.ts";
import { countsOf } from "../support/file-sources.ts";
import { mailboxConnectorOf, startMailbox } from "../support/mailbox-sources.ts";
import { makeMaildir, mailNumber, mailOf, numberedMail, rubbish, type TestMaildir } from "../support/mails.ts";
import { openSourceDatabase, type SourceDatabase } from "../support/source-database.ts";

let database: SourceDatabase;
let db: Database;
let box: TestMaildir;
let name: string;
let sources = 0;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  database = await openSourceDatabase();
  ({ db } = database);
});
beforeEach(() => {
  box = makeMaildir(["Archive", "Clients.Acme"]);
  sources += 1;
  name = `box${sources}`;
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  box.remove();
});
afterAll(async () => {
  await database.close();
});

const connectorOf = (extra: Partial<MailboxConnector> = {}): MailboxConnector =>
  mailboxConnectorOf(name, { kind: "maildir", folder: box.folder }, { every: "1h", maxBytes: 100_000, ...extra });

async function start(extra: Partial<MailboxConnector> = {}, around?: (intake: SourceIntake) => SourceIntake) {
  const running = await startMailbox(db, connectorOf(extra), around);
  stops.push(running.stop);
  return running;
}

const counts = () => countsOf(db, name);
const records = async (): Promise<JsonObject[]> => {
  const rows = await db.query<{ value: string }>({
    text: "select value from source_records where connector = $1 and state = 'latest' order by as_of, value::jsonb->>'messageId'",
    values: [name],
  });
  return rows.map(({ value }) => JSON.parse(value) as JsonObject);
};
const heldFaults = async () => {
  const rows = await db.query<{ faults: string }>({
    text: "select faults from source_quarantine where connector = $1 order by number, item",
    values: [name],
  });
  return rows.map(({ faults }) => (JSON.parse(faults) as { field: string; expected: string }[])[0]);
};
const until = (records_: number, quarantined = 0) =>
  eventually(async () => {
    const now = await counts();
    return now.records >= records_ && now.quarantined >= quarantined && now;
  });

describe("10,000 mails", () => {
  it("come in once each, rubbish apart, though the node is killed at any part", async () => {
    for (let at = 0; at < 10_000; at += 1) {
      const file = box.deliver(mailNumber(at), { at: Date.UTC(2026, 9, 20) + at * 1000 });
      if (at % 3 === 0) renameSync(box.pathOf("new", file), box.pathOf("cur", `${file}:2,S`));
    }
    const given = JSON.stringify({ connection: database.connection, connector: connectorOf() });
    const script = path.join(import.meta.dirname, "../support/mailbox-node.ts");
    let lives = 0;
    for (let code: number | null = null; code !== 0;) {
      const child = spawn(process.execPath, ["--conditions=airworthy-source", "--import", "tsx", script, given], {
        cwd: path.join(import.meta.dirname, "../.."),
        stdio: ["ignore", "pipe", "inherit"],
      });
      const gone = once(child, "exit");
      stops.push(async () => void child.kill("SIGKILL"));
      let parts = randomInt(6, 18);
      child.stdout.on("data", (chunk: Buffer) => {
        parts -= chunk.toString().split("\n").length - 1;
        // Somewhere within the part that is now written, or in the next one.
        if (parts <= 0) setTimeout(() => child.kill("SIGKILL"), randomInt(0, 60));
      });
      // oxlint-disable-next-line no-await-in-loop -- one life after the other
      [code] = (await gone) as [number | null];
      lives += 1;
      // oxlint-disable-next-line no-await-in-loop
      await db.query({ text: "update source_state set lease_until = now() where connector = $1", values: [name] });
    }
    expect(lives).toBeGreaterThan(2);
    const bad = Object.values(rubbish);
    expect(await counts()).toEqual({
      records: 10_000 - bad.length,
      quarantined: bad.length,
      duplicates: 0,
      late: 0,
    });
    const faults = await heldFaults();
    for (const [, field, expected] of bad) {
      expect(faults).toContainEqual({ field, expected: expect.stringContaining(expected), found: expect.any(String) });
    }
    const values = await records();
    expect(new Set(values.map(({ messageId }) => messageId)).size).toBe(10_000 - bad.length);
    expect(values[42]).toMatchObject({
      messageId: "42@mails.example",
      from: "sender42@mails.example",
      senderDomain: "mails.example",
      subject: "Mail 42",
      thread: "40@mails.example",
      text: expect.stringMatching(/^(This is mail 42\.\n)+Grüße$/),
      asOfFrom: "date",
      folder: "INBOX",
    });
    expect(values[43]).toMatchObject({ attachments: [{ name: "43.bin", bytes: 2043 }] });
  }, 600_000);
});

describe("a maildir that is used by others", () => {
  it("tells of new mails at once; moves, flags and deletions change nothing", async () => {
    const first = box.deliver(numberedMail(1));
    await start();
    await until(1);
    renameSync(box.pathOf("new", first), box.pathOf("cur", `${first}:2,`));
    box.deliver(numberedMail(2));
    await until(2);
    renameSync(box.pathOf("cur", `${first}:2,`), box.pathOf("cur", `${first}:2,FS`));
    box.deliver(numberedMail(3));
    await until(3);
    rmSync(box.pathOf("cur", `${first}:2,FS`));
    box.deliver(numberedMail(4));
    expect(await until(4)).toEqual({ records: 4, quarantined: 0, duplicates: 0, late: 0 });
  });

  it("is read in the folders that are named; a copy in another is a duplicate, and so is what comes after a restart", async () => {
    box.deliver(numberedMail(1));
    box.deliver(numberedMail(2), { folder: "Clients.Acme" });
    box.deliver(numberedMail(3), { folder: "Archive" });
    const folders = ["INBOX", "Clients.Acme"];
    const running = await start({ folders });
    await until(2);
    expect((await records()).map(({ folder }) => folder)).toEqual(["INBOX", "Clients.Acme"]);
    copyFileSync(
      box.pathOf("new", box.deliver(numberedMail(5))),
      box.pathOf("cur", "1.other.host:2,S", "Clients.Acme"),
    );
    await eventually(async () => (await counts()).duplicates === 1);
    await running.stop();
    box.deliver(numberedMail(6));
    await start({ folders: [...folders, "Archive"] });
    expect(await until(5)).toEqual({ records: 5, quarantined: 0, duplicates: 1, late: 0 });
  });

  it("may hold what is not whole, what is none of its own, and links: none of it is read", async () => {
    writeFileSync(box.pathOf("tmp", "1.half.host"), numberedMail(1).subarray(0, 100));
    writeFileSync(box.pathOf("new", ".hidden"), numberedMail(2));
    writeFileSync(`${box.folder}/elsewhere`, numberedMail(3));
    symlinkSync(`${box.folder}/elsewhere`, box.pathOf("new", "2.link.host"));
    box.deliver(numberedMail(4));
    let looks = 0;
    await start({}, (intake) => ({ ...intake, caughtUp: async () => void (looks += 1) }));
    await eventually(() => looks > 0);
    expect(await counts()).toMatchObject({ records: 1, quarantined: 0 });
  });

  it("may hold a mail that cannot be opened: that is shown, all others are in and stay known, and it comes when it can be", async () => {
    for (let at = 0; at < 250; at += 1) box.deliver(numberedMail(at), { at: at * 1000 });
    const last = box.pathOf("new", box.deliver(numberedMail(250), { at: 9_000_000 }));
    const delivered: number[] = [];
    const problems: string[] = [];
    let looks = 0;
    const running = await start({}, (intake) => ({
      ...intake,
      deliver: async (delivery) => {
        delivered.push(delivery.messages.length);
        // Between the look and the reading: a link is not opened.
        if (delivered.length === 1) {
          rmSync(last);
          symlinkSync(last, last);
        }
        return intake.deliver(delivery);
      },
      problem: async (error) => {
        problems.push(error.message);
        await intake.problem(error);
        rmSync(last);
        box.deliver(numberedMail(250));
      },
      caughtUp: async (at) => {
        looks += 1;
        await intake.caughtUp(at);
      },
    }));
    await Promise.race([eventually(() => looks > 0), running.ended]);
    expect(problems).toEqual([
      expect.stringMatching(/^1 mail of \w+ cannot be opened, the first .+ all others are in\.$/),
    ]);
    expect(delivered).toEqual([200, 50, 1]);
    expect(await counts()).toEqual({ records: 251, quarantined: 0, duplicates: 0, late: 0 });
  });

  it("that is not there is a problem that says where to look", async () => {
    const running = await start({ folders: ["Nowhere"] });
    expect(await running.ended).toMatchObject({
      code: "unavailable",
      retryable: true,
      message: "Folder Nowhere cannot be read as a maildir: it needs new and cur.",
    });
  });
});

describe("two mails", () => {
  it("with one Message-ID are two records: whoever repeats an id overwrites nothing", async () => {
    const head = "From: a@b.example\nMessage-ID: <same@b.example>\nDate: Fri, 20 Nov 2026 10:00:00 +0100";
    box.deliver(mailOf(head, "pay 1"));
    box.deliver(mailOf(head, "pay 2"));
    await start();
    await until(2);
    expect(new Set((await records()).map(({ text }) => text))).toEqual(new Set(["pay 1", "pay 2"]));
  });

  it("without a date, or dated ahead, are as old as their arrival says", async () => {
    const at = Date.UTC(2026, 9, 1);
    box.deliver(mailOf("From: a@b.example\nMessage-ID: <1@b.example>", "x"), { at });
    box.deliver(mailOf("From: a@b.example\nMessage-ID: <2@b.example>\nDate: Fri, 20 Nov 2099 10:00:00 +0100", "y"), {
      at,
    });
    await start();
    await until(2);
    const asOf = new Date(at).toISOString();
    expect(await records()).toMatchObject([
      { date: null, asOf, asOfFrom: "received" },
      { date: "2099-11-20T09:00:00.000Z", asOf, asOfFrom: "received" },
    ]);
  });
});

it("a mail that was decided upon does not come back when its id is old", async () => {
  box.deliver(rubbish[100]?.[0] ?? Buffer.alloc(0));
  const running = await start();
  await until(0, 1);
  await running.stop();
  await db.query({
    text: "update source_messages set seen_at = now() - interval '90 days' where connector = $1",
    values: [name],
  });
  const old = { olderThanMs: 30 * 86_400_000, keepsIds: true };
  await createSourceStore(db).forget({ tenant: "t", connector: name }, old);
  await start();
  box.deliver(numberedMail(1));
  expect(await until(1)).toMatchObject({ quarantined: 1, duplicates: 0 });
});
