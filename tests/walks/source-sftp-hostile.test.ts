/** A server of files that lies: its names lead nowhere else, its sizes and contents are believed only as far as they agree. */
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import type { FileConnector } from "@airworthy/contract";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import type { Database } from "../../packages/server/src/store/database.ts";
import { batchesOf, countsOf, fileConnectorOf, settledBatches, startFileSource } from "../support/file-sources.ts";
import { type HostileSftp, type Lie, startHostileSftp } from "../support/hostile-sftp.ts";
import { openSourceDatabase, type SourceDatabase } from "../support/source-database.ts";

let database: SourceDatabase;
let db: Database;
let server: HostileSftp;
let spool: string;
let sources = 0;
let stop: () => Promise<void> = async () => undefined;

beforeAll(async () => {
  process.env["SFTP_PASSWORD"] = "right";
  database = await openSourceDatabase();
  ({ db } = database);
});
afterEach(async () => {
  await stop().catch(() => undefined);
  stop = async () => undefined;
  server.close();
  rmSync(spool, { recursive: true, force: true });
});
afterAll(async () => {
  await database.close();
});

const csv = Buffer.from("id,amount,day,payee\np1,1.5,2026-11-01,x\np2,2.5,2026-11-01,y\n");
const [link, folder, pipe] = [0o120777, 0o040755, 0o010644];

async function serve(lie: Lie, extra: Partial<FileConnector> = {}) {
  server = await startHostileSftp("right", lie);
  return connect(extra);
}

/** To the server that was started last. */
async function connect(extra: Partial<FileConnector> = {}) {
  spool = mkdtempSync(path.join(tmpdir(), "airworthy-spool-"));
  sources += 1;
  const auth = { password: { env: "SFTP_PASSWORD" } };
  const { port, fingerprint } = server;
  const connector = fileConnectorOf(`liar${sources}`, "/drop", {
    files: "*.csv",
    whole: { stable: "1s" },
    every: "1s",
    sftp: { host: "127.0.0.1", port, user: "us", hostKeys: [fingerprint], auth },
    ...extra,
  });
  const running = await startFileSource(db, connector, undefined, spool);
  stop = running.stop;
  return {
    name: connector.name,
    failed: running.ended.then(
      () => "nothing",
      (error: Error) => error.message,
    ),
  };
}

const settled = (name: string) => settledBatches(db, name, 1);

it("names that lead elsewhere, links, folders and pipes are not asked for, and nothing is changed there", async () => {
  const names = [
    "../evil.csv",
    "a/b.csv",
    "..",
    ".",
    "back\\slash.csv",
    "line\nbreak.csv",
    "nul\0.csv",
    `${"x".repeat(252)}.csv`,
  ];
  const { name } = await serve({
    listed: [
      ...names.map((one) => ({ name: one, size: csv.length })),
      { name: "link.csv", mode: link, size: csv.length },
      { name: "folder.csv", mode: folder, size: csv.length },
      { name: "pipe.csv", mode: pipe, size: csv.length },
      { name: "payments.csv" },
    ],
    contents: { "payments.csv": csv, "link.csv": csv, "evil.csv": csv },
  });
  expect(await settled(name)).toMatchObject([{ batch: "payments.csv", state: "complete", records: 2 }]);
  expect(server.opened).toEqual(["/drop/payments.csv"]);
  expect(server.changes).toEqual([]);
  // What has been seen is noted after the batch is in.
  await vi.waitFor(() => expect(readdirSync(spool).toSorted()).toEqual(["files", "seen.jsonl"]), { timeout: 20_000 });
});

it("short answers are put together", async () => {
  const { name } = await serve({ listed: [{ name: "payments.csv" }], contents: { "payments.csv": csv }, atOnce: 7 });
  expect(await settled(name)).toMatchObject([{ state: "complete", records: 2, quarantined: 0 }]);
});

it("a file that is smaller than it says does not come in", async () => {
  const size = csv.length + 1;
  const { name, failed } = await serve({ listed: [{ name: "payments.csv", size }], contents: { "payments.csv": csv } });
  expect(await failed).toBe("payments.csv was changed while it was read.");
  expect(await countsOf(db, name)).toMatchObject({ records: 0 });
});

it("a file that is larger than any file of records is refused without a look into it", async () => {
  const listed = [{ name: "payments.csv", size: 2 ** 50 }];
  const { name } = await serve({ listed, contents: { "payments.csv": csv } });
  expect(await settled(name)).toMatchObject([{ state: "rejected", reason: "it is larger than maxBytes" }]);
  expect(server.opened).toEqual([]);
});

it("more than it says is not read", async () => {
  const { name } = await serve({
    listed: [{ name: "payments.csv", size: csv.indexOf("p2") }],
    contents: { "payments.csv": csv },
  });
  expect(await settled(name)).toMatchObject([{ state: "complete", records: 1 }]);
});

it("a file that may not be read holds up no other, and is named", async () => {
  const names = ["a.csv", "b.csv", "c.csv"];
  const contents = Object.fromEntries(names.map((name) => [name, csv]));
  const { name, failed } = await serve({
    listed: names.map((one) => ({ name: one })),
    contents,
    barred: ["a.csv", "b.csv"],
  });
  expect(await failed).toBe("We may not read a.csv and 1 more. The other files are taken.");
  expect(await batchesOf(db, name)).toMatchObject([{ batch: "c.csv", state: "complete", records: 2 }]);
});

it("a wrong password is told without it", async () => {
  process.env["SFTP_PASSWORD"] = "wrong-hunter2";
  const { failed } = await serve({ listed: [], contents: {} });
  expect(await failed).toMatch(/sftp\.auth: The server refused our login\.$/);
  process.env["SFTP_PASSWORD"] = "right";
});

it("a list without end is left, though it holds nothing that we would take", async () => {
  const others = [{ name: "folder", mode: folder }, { name: "../evil.csv" }];
  const listed = Array.from({ length: 500 }, () => others).flat();
  const { failed } = await serve({ listed, contents: {}, endless: true });
  expect(await failed).toBe("The folder at the server holds more than 200000 entries.");
});

describe("a server that says what it is, and then", () => {
  let sockets: Socket[] = [];

  async function greet(then: (socket: Socket) => void): Promise<{ readonly reached: Promise<unknown> }> {
    sockets = [];
    const plain = createServer((socket) => {
      sockets.push(socket.on("error", () => undefined));
      socket.write("SSH-2.0-x\r\n");
      then(socket);
    });
    const reached = once(plain, "connection").then(async ([socket]) => once(socket as Socket, "data"));
    plain.listen(0, "127.0.0.1");
    await once(plain, "listening");
    const close = (): void => {
      for (const socket of sockets) socket.destroy();
      plain.close();
    };
    const { port } = plain.address() as AddressInfo;
    server = { port, fingerprint: `SHA256:${"A".repeat(43)}`, opened: [], changes: [], close };
    return { reached };
  }

  it("hangs up, is told", async () => {
    await greet((socket) => socket.end());
    const { failed } = await connect();
    expect(await failed).toMatch(/cannot be reached: it hung up, or speaks another protocol\.$/);
  });

  it("is silent, holds nobody up who stops", async () => {
    const { reached } = await greet(() => undefined);
    const { failed } = await connect();
    await reached;
    await stop().catch(() => undefined);
    expect(await failed).toMatch(/abort/i);
  });
});
