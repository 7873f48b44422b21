/** File drops at a real OpenSSH server: in once, whole or not at all, through cuts, kills and changes; nothing is sent to a server that is not the pinned one. */
import { spawn } from "node:child_process";
import { createHash, randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import type { FileConnector, SftpOptions } from "@airworthy/contract";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import type { Database } from "../../packages/server/src/store/database.ts";
import { type ConnectProxy, startConnectProxy } from "../support/connect-proxy.ts";
import {
  batchesOf,
  countsOf,
  fileConnectorOf,
  settledBatches,
  startFileSource,
  valueOf,
  type BatchRow,
} from "../support/file-sources.ts";
import { eventually } from "../support/desk.ts";
import { startTestServer } from "../support/server.ts";
import { shopFiles } from "../support/shop.ts";
import { findSshd, passphrase, startSshd, type TestSshd } from "../support/sshd.ts";
import { openSourceDatabase, type SourceDatabase } from "../support/source-database.ts";

const program = findSshd();
let database: SourceDatabase;
let db: Database;
let sshd: TestSshd;
let proxy: ConnectProxy;
let spool: string;
let name: string;
let folder: string;
let sources = 0;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  if (program === undefined) return;
  database = await openSourceDatabase();
  ({ db } = database);
  sshd = await startSshd(program);
});
beforeEach(async () => {
  if (program === undefined) return;
  process.env["SFTP_PROXY_AUTH"] = "us:pw";
  process.env["SFTP_PASSPHRASE"] = passphrase;
  proxy = await startConnectProxy("us:pw");
  spool = mkdtempSync(path.join(tmpdir(), "airworthy-spool-"));
  folder = mkdtempSync(path.join(sshd.folder, "d"));
  sources += 1;
  name = `far${sources}`;
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await proxy.close();
  rmSync(spool, { recursive: true, force: true });
});
afterAll(async () => {
  if (program === undefined) return;
  await sshd.stop();
  await database.close();
});

const row = (at: number): string => `p${at},${at}.50,2026-11-0${1 + (at % 9)},Ünal & Søn ${at}`;
const csvOf = (count: number): string =>
  `${["id,amount,day,payee", ...Array.from({ length: count }, (_, at) => row(at))].join("\n")}\n`;

function put(file: string, content: string | Buffer): void {
  writeFileSync(path.join(folder, file), content);
  writeFileSync(path.join(folder, `${file}.done`), "");
}

function connectorOf(extra: Partial<FileConnector> = {}, sftp: Partial<SftpOptions> = {}): FileConnector {
  return fileConnectorOf(name, folder, {
    every: "1s",
    proxy: { url: proxy.url, auth: { env: "SFTP_PROXY_AUTH" } },
    sftp: {
      host: "127.0.0.1",
      port: sshd.port,
      user: sshd.user,
      hostKeys: [sshd.fingerprint],
      auth: { key: { file: sshd.keys.known } },
      ...sftp,
    },
    ...extra,
  });
}

/** Again and again, as the server does it with pauses; answers what went wrong meanwhile. */
async function keepGoing(connector: FileConnector): Promise<unknown[]> {
  const problems: unknown[] = [];
  const state = { stopping: false };
  let running: Awaited<ReturnType<typeof startFileSource>> | undefined;
  const going = (async () => {
    while (!state.stopping) {
      // oxlint-disable-next-line no-await-in-loop -- one life after the other
      running = await startFileSource(db, connector, undefined, spool);
      // oxlint-disable-next-line no-await-in-loop
      await running.ended.catch((error: unknown) => problems.push(error));
    }
  })();
  stops.push(async () => {
    state.stopping = true;
    await running?.stop().catch(() => undefined);
    await going;
  });
  return problems;
}

const settled = (count: number): Promise<BatchRow[]> => settledBatches(db, name, count);

/** The first thing that goes wrong. */
async function failureOf(connector: FileConnector): Promise<string> {
  const running = await startFileSource(db, connector, undefined, spool);
  return running.ended.then(
    () => "nothing",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

/** What is not to change at the server. */
const listing = (): unknown[] =>
  readdirSync(folder)
    .toSorted()
    .map((file) => [file, statSync(path.join(folder, file)).size, statSync(path.join(folder, file)).mtimeMs]);

describe.skipIf(program === undefined)("files at a server", () => {
  it("10,000 records come in with a key, through a proxy, and are not brought again; nothing changes there", async () => {
    const text = csvOf(10_000);
    const sha256 = createHash("sha256").update(text).digest("hex");
    writeFileSync(path.join(folder, "payments_1.csv"), text);
    writeFileSync(path.join(folder, "payments_1.csv.json"), JSON.stringify({ rows: 10_000, sha256 }));
    const before = listing();
    const connector = connectorOf({ whole: { manifest: ".json" } });
    const first = await startFileSource(db, connector, undefined, spool);
    const [batch] = await settled(1);
    expect(batch).toMatchObject({ batch: "payments_1.csv", state: "complete", records: 10_000, quarantined: 0 });
    expect(await valueOf(db, name, "p9999")).toMatchObject({ amount: 9999.5, payee: "Ünal & Søn 9999" });
    expect(new Set(proxy.asked)).toEqual(new Set([`127.0.0.1:${sshd.port}`]));
    expect(proxy.returned).toBeGreaterThan(text.length);
    await first.stop();
    proxy.returned = 0;
    await keepGoing(connector);
    put("payments_2.csv.json", "{}");
    writeFileSync(path.join(folder, "payments_2.csv"), csvOf(5).replaceAll(/^p/gm, "q"));
    await settled(2);
    expect(await countsOf(db, name)).toEqual({ records: 10_005, quarantined: 0, duplicates: 0, late: 0 });
    // Both looks and the small file: the large one did not come again.
    expect(proxy.returned).toBeLessThan(text.length / 4);
    expect(listing().slice(0, before.length)).toEqual(before);
    // What was brought is let go once its batch is in.
    await vi.waitFor(() => expect(readdirSync(path.join(spool, "files"))).toEqual([]), { timeout: 20_000 });
  }, 120_000);

  it("go on where they were when the connection is cut, and when the node is killed", async () => {
    const lines = Array.from({ length: 10_000 }, (_, at) => `${row(at)} ${"x".repeat(1500)}`);
    const text = `id,amount,day,payee\n${lines.join("\n")}\n`;
    put("payments_1.csv", text);
    const connector = connectorOf();
    const cuts = { done: 0 };
    let next = 4_000_000;
    proxy.onBytes = (returned) => {
      if (returned < next || cuts.done >= 3) return;
      cuts.done += 1;
      next += 4_000_000;
      proxy.cut();
    };
    const problems: string[] = [];
    // oxlint-disable-next-line no-await-in-loop -- one cut after the other
    while (cuts.done < 3) problems.push(await failureOf(connector));
    expect(problems.every((problem) => problem.includes("connection to the server was lost"))).toBe(true);
    const given = JSON.stringify({ connection: database.connection, connector, spool });
    const script = path.join(import.meta.dirname, "../support/file-node.ts");
    let kills = 0;
    for (let over = false; !over;) {
      const child = spawn(process.execPath, ["--conditions=airworthy-source", "--import", "tsx", script, given], {
        cwd: path.join(import.meta.dirname, "../.."),
        stdio: ["ignore", "pipe", "inherit"],
      });
      const gone = once(child, "exit");
      stops.push(async () => void child.kill("SIGKILL"));
      let parts = randomInt(2, 8);
      // The first life is ended while the file still comes, the others while its records go in.
      const [start, first] = [proxy.returned, kills === 0];
      proxy.onBytes = (returned) => {
        if (first && returned - start > 1_000_000) child.kill("SIGKILL");
      };
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
      over = (await batchesOf(db, name)).some(({ state }) => state === "complete");
    }
    expect(kills).toBeGreaterThan(2);
    expect(await countsOf(db, name)).toEqual({ records: 10_000, quarantined: 0, duplicates: 0, late: 0 });
    // Four times cut off, and hardly a byte twice.
    process.stdout.write(`${text.length} bytes of file, ${proxy.returned} through the proxy, ${kills} lives\n`);
    expect(proxy.returned).toBeLessThan(text.length * 2);
  }, 400_000);

  it("that change while they are read are not taken so, whether written over or replaced", async () => {
    const old = csvOf(20_000);
    for (const change of ["over", "replace"] as const) {
      const file = path.join(folder, `payments_${change}.csv`);
      put(path.basename(file), old.replaceAll(/^p/gm, change));
      utimesSync(file, new Date(), new Date(Date.now() - 60_000));
      const fresh = old.replaceAll(/^p/gm, change).replaceAll(".50,", ".75,");
      let changed = false;
      const start = proxy.returned;
      proxy.onBytes = (returned) => {
        if (changed || returned - start < 300_000) return;
        changed = true;
        if (change === "replace") writeFileSync(`${file}.tmp`, fresh);
        if (change === "replace") renameSync(`${file}.tmp`, file);
        else writeFileSync(file, fresh);
      };
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await failureOf(connectorOf())).toBe(`payments_${change}.csv was changed while it was read.`);
      proxy.onBytes = undefined;
      // oxlint-disable-next-line no-await-in-loop
      expect(await countsOf(db, name)).toMatchObject({ records: change === "over" ? 0 : 20_000 });
      // oxlint-disable-next-line no-await-in-loop
      await keepGoing(connectorOf());
      // oxlint-disable-next-line no-await-in-loop
      await settled(change === "over" ? 1 : 2);
      // oxlint-disable-next-line no-await-in-loop
      for (const stop of stops.splice(0)) await stop();
      // oxlint-disable-next-line no-await-in-loop
      expect(await valueOf(db, name, `${change}7`)).toMatchObject({ amount: 7.75 });
    }
    expect(await countsOf(db, name)).toEqual({ records: 40_000, quarantined: 0, duplicates: 0, late: 0 });
  }, 240_000);

  it("are refused as files here are: damaged, too large, without their sums", async () => {
    const text = csvOf(3);
    const checksum = { whole: { checksum: ".sha256" } };
    writeFileSync(path.join(folder, "payments_1.csv"), text);
    writeFileSync(path.join(folder, "payments_1.csv.sha256"), "0".repeat(64));
    writeFileSync(path.join(folder, "payments_2.csv"), csvOf(200_000));
    writeFileSync(path.join(folder, "payments_2.csv.sha256"), "0".repeat(64));
    writeFileSync(path.join(folder, "payments_3.csv"), csvOf(4));
    writeFileSync(path.join(folder, "payments_3.csv.sha256"), "x".repeat(2 * 1024 * 1024));
    await keepGoing(connectorOf({ ...checksum, maxBytes: 100_000 }));
    const reasons = Object.fromEntries((await settled(3)).map(({ batch, reason }) => [batch, reason]));
    expect(reasons).toEqual({
      "payments_1.csv": "its SHA-256 is not what its sender says",
      "payments_2.csv": "it is larger than maxBytes",
      "payments_3.csv": "payments_3.csv.sha256 holds no SHA-256",
    });
    expect(proxy.returned).toBeLessThan(1_000_000);
  });
});

describe.skipIf(program === undefined)("a server", () => {
  it("lets in a key with its passphrase; another passphrase is told from a refused login", async () => {
    put("payments_1.csv", csvOf(3));
    const auth = { key: { file: sshd.keys.locked }, passphrase: { env: "SFTP_PASSPHRASE" } };
    await keepGoing(connectorOf({}, { auth }));
    expect(await settled(1)).toMatchObject([{ state: "complete", records: 3 }]);
    for (const stop of stops.splice(0)) await stop();
    process.env["SFTP_PASSPHRASE"] = "another";
    expect(await failureOf(connectorOf({}, { auth }))).toMatch(/sftp\.auth\.key: What is there is no private key/);
    const unknown = await failureOf(connectorOf({}, { auth: { key: { file: sshd.keys.unknown } } }));
    expect(unknown).toBe(`Connector ${name}, sftp.auth: The server refused our login.`);
    const password = await failureOf(connectorOf({}, { auth: { password: { env: "SFTP_PASSPHRASE" } } }));
    expect(password).toBe(`Connector ${name}, sftp.auth: The server refused our login.`);
  });

  it("that shows another key hears nothing of us", async () => {
    const pinned = `SHA256:${"A".repeat(43)}`;
    const logged = sshd.log().length;
    const message = await failureOf(connectorOf({}, { hostKeys: [pinned] }));
    expect(message).toBe(
      `Connector ${name}, sftp.hostKeys: The server shows ${sshd.fingerprint} (ssh-ed25519), which is not pinned. We hung up.`,
    );
    expect(sshd.log().slice(logged)).not.toMatch(/publickey|password|userauth|Accepted|for (?:invalid )?user/i);
    await expect(failureOf(connectorOf({ folder: "/nowhere/at/all" }))).resolves.toMatch(/folder cannot be read/);
  });

  it("that is away is named by what is wrong on the way", async () => {
    proxy.refuse = 403;
    expect(await failureOf(connectorOf())).toMatch(/PROXY_403: the proxy refused the way/);
    proxy.refuse = undefined;
    process.env["SFTP_PROXY_AUTH"] = "us:other";
    expect(await failureOf(connectorOf())).toMatch(/PROXY_407: the proxy wants credentials/);
    const { proxy: _, ...direct } = connectorOf({}, { port: 1 });
    expect(await failureOf(direct)).toMatch(/sftp: The server cannot be reached: ECONNREFUSED/);
    const { proxy: __, ...web } = connectorOf({}, { port: proxy.port });
    expect(await failureOf(web)).toMatch(/hung up, or speaks another protocol|does not answer/);
  }, 60_000);
});

it.skipIf(program === undefined)(
  "a whole server brings a file in from another, says why where it does not, and an agent reads it",
  async () => {
    const filesOf = (hostKey: string): Readonly<Record<string, string>> => ({
      ...shopFiles,
      "clearing.yaml": `
apiVersion: airworthy/v1
kind: SourceContract
name: vendors
version: 1
fields:
  - { name: vendorId, type: text, nullable: false }
  - { name: status, type: text, nullable: false }
---
apiVersion: airworthy/v1
kind: Connector
name: clearing
type: file
folder: \${DROP_FOLDER}
sftp:
  host: \${DROP_HOST}
  port: ${sshd.port}
  user: ${sshd.user}
  hostKeys: ["${hostKey}"]
  auth: { key: { file: ${sshd.keys.locked} }, passphrase: { env: SFTP_PASSPHRASE } }
files: vendors_{yyyy}{mm}{dd}.csv
whole: { done: .done }
every: 1s
records:
  - { record: vendor, contract: vendors, key: $.vendorId }
tools:
  - name: clearing.get_vendor
    effect: read
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    find: { record: vendor, by: $.id }
`,
      "agents.yaml": (shopFiles["agents.yaml"] ?? "").replace(
        "tools: [shop.list,",
        "tools: [clearing.get_vendor, shop.list,",
      ),
    });
    const env = { DROP_FOLDER: folder, DROP_HOST: "127.0.0.1", SFTP_PASSPHRASE: passphrase };
    const other = `SHA256:${"B".repeat(43)}`;
    const server = await startTestServer({ files: filesOf(other), env });
    stops.push(server.close);
    put("vendors_20261103.csv", "vendorId,status\nv1,active\n");
    await eventually(async () => {
      const { problem } = await server.admin.readSource({ name: "clearing" });
      return problem?.message.includes(`${sshd.fingerprint} (ssh-ed25519), which is not pinned`);
    });
    await server.apply(filesOf(sshd.fingerprint));
    const { client: clerk } = await server.agent("clerk");
    const read = await eventually(async () => {
      const asked = await clerk.proposeAction({ tool: "clearing.get_vendor", arguments: { id: "v1" } });
      return asked.status === "done" && asked;
    });
    expect(read.result).toMatchObject({ value: { status: "active" }, batch: "vendors_20261103.csv" });
    expect(readdirSync(path.join(server.dataDir, "spool"))).toHaveLength(1);
  },
  120_000,
);
