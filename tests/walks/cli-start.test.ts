/** `airworthy start` with its own database: ready, a port that is taken, an orderly end, a violent end, and verify after it. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { type ActionAnswer, AirworthyError } from "@airworthy/contract";
import { createClient, type Client } from "@airworthy/sdk";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { exitCodes } from "../../packages/cli/src/exit-codes.ts";
import { type Ran, runCli, type RunningCli, startCli } from "../support/cli.ts";
import { shopFiles } from "../support/shop.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";

vi.setConfig({ testTimeout: 180_000 });

let shop: Upstream;
let folder: string;
let data: string;
let env: Record<string, string>;
let running: RunningCli | undefined;

beforeAll(async () => {
  shop = await startUpstream(({ path: at }) => ({ body: { id: at.split("/")[2] ?? "", status: "active" } }));
  folder = mkdtempSync(path.join(tmpdir(), "airworthy-start-"));
  // The database's user, who is not root, must be able to pass through.
  chmodSync(folder, 0o711);
  data = path.join(folder, "data");
  mkdirSync(path.join(folder, "config"));
  for (const [file, text] of Object.entries(shopFiles)) writeFileSync(path.join(folder, "config", file), text);
  env = { SHOP_URL: shop.url, SHOP_KEY: "shop-key-of-the-test" };
});
afterAll(async () => {
  running?.signal("SIGTERM");
  await running?.ended;
  await shop.close();
  rmSync(folder, { recursive: true, force: true });
});

type Ready = { readonly url: string; readonly pid: number };
const start = (...words: string[]): RunningCli => startCli(["start", "--json", ...words], { cwd: folder, env });
const run = (...words: string[]): Promise<Ran> => runCli([...words, "--data", data], { cwd: folder, env });
const readyOf = async (cli: RunningCli): Promise<Ready> => {
  const line = JSON.parse(await cli.firstLine()) as Ready & { readonly schema: string };
  expect(line).toMatchObject({ schema: "airworthy.ready/1", pid: cli.pid });
  return line;
};
const adminOf = (url: string): Client =>
  createClient({ baseUrl: url, key: readFileSync(path.join(data, "admin.key"), "utf8").trim() });

/** On a busy machine a node may lose sight of the store for a moment; it says so, and the same call may be made again. */
async function note(client: Client, text: string): Promise<ActionAnswer> {
  const call = { tool: "shop.note", arguments: { text }, idempotencyKey: text };
  for (;;) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- until it is heard
      return await client.proposeAction(call);
    } catch (error) {
      if (!(error instanceof AirworthyError) || !error.retryable) throw error;
    }
  }
}

/** The database's process, by its own file; undefined when there is none. */
function databaseOf(dir: string): number | undefined {
  const file = path.join(dir, "postgres", "data", "postmaster.pid");
  if (!existsSync(file)) return undefined;
  const pid = Number(readFileSync(file, "utf8").split("\n")[0]);
  try {
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}

describe("start", () => {
  let url = "";
  let port = "";
  let key = "";

  it("says that it is ready in one line, with keys for its owner alone", async () => {
    running = start("--config", "config", "--data", data, "--port", "0");
    ({ url } = await readyOf(running));
    port = new URL(url).port;
    await expect.poll(() => running?.said.err).toContain(`ready  ${url}`);
    await expect.poll(() => createClient({ baseUrl: url }).readHealth()).toMatchObject({ ok: true });
    expect(statSync(path.join(data, "admin.key")).mode & 0o777).toBe(0o600);
    expect(statSync(path.join(data, "keys")).mode & 0o777).toBe(0o700);
    expect(databaseOf(data)).toBeDefined();
    key = (await adminOf(url).createKey({ for: { kind: "agent", name: "clerk" } })).key;
    const answer = await note(createClient({ baseUrl: url, key }), "before");
    expect(answer.status).toBe("done");
    expect((await run("actions", "list")).out).toContain(answer.id);
  });

  it("on a port that is taken says so, and leaves nothing running, and the first one unharmed", async () => {
    const database = databaseOf(data);
    const [apart, together] = await Promise.all([
      startCli(["start", "--data", path.join(folder, "second"), "--port", port], { cwd: folder, env }).ended,
      startCli(["start", "--data", data, "--port", port], { cwd: folder, env }).ended,
    ]);
    for (const second of [apart, together]) {
      expect(second.code).toBe(exitCodes.network.code);
      expect(second.err).toMatch(
        /error: Cannot listen on 127\.0\.0\.1:\d+: something else listens there\.\n +fix: .*--port/,
      );
    }
    expect(databaseOf(path.join(folder, "second"))).toBeUndefined();
    expect(databaseOf(data)).toBe(database);
    expect(JSON.parse(readFileSync(path.join(data, "server.json"), "utf8"))).toMatchObject({ url });
    await expect.poll(() => createClient({ baseUrl: url }).readHealth()).toMatchObject({ ok: true });
  });

  it("with a configuration that does not validate ends with the finding and its place", async () => {
    mkdirSync(path.join(folder, "bad"));
    writeFileSync(path.join(folder, "bad", "people.yaml"), "apiVersion: airworthy/v1\nkind: Persan\nname: x\n");
    const words = ["start", "--config", "bad", "--data", path.join(folder, "third"), "--port", "0"];
    const { code, err } = await startCli(words, { cwd: folder, env }).ended;
    expect(code).toBe(exitCodes.usage.code);
    expect(err).toMatch(/people\.yaml:2:/);
    expect(databaseOf(path.join(folder, "third"))).toBeUndefined();
  });

  it("ends in order at SIGTERM, its database too, and says nothing is there any more", async () => {
    running?.signal("SIGTERM");
    const ended = await running?.ended;
    running = undefined;
    expect(ended?.code).toBe(exitCodes.ok.code);
    expect(databaseOf(data)).toBeUndefined();
    expect(existsSync(path.join(data, "server.json"))).toBe(false);
    expect((await run("actions", "list")).code).toBe(exitCodes.network.code);
  });

  it("leaves a ledger that verifies offline, with nothing running before or after", async () => {
    const { code, out } = await run("verify", "--json");
    expect(code).toBe(exitCodes.ok.code);
    const { data: found } = JSON.parse(out) as { data: { ok: boolean; entries: number; checkpoints: number } };
    expect(found.ok).toBe(true);
    expect(found.entries).toBeGreaterThanOrEqual(4);
    expect(found.checkpoints).toBeGreaterThanOrEqual(1);
    expect(databaseOf(data)).toBeUndefined();
  });

  it("after kill -9 takes over the database that is still running, and all that was in it", async () => {
    running = start("--data", data, "--port", port);
    await readyOf(running);
    const database = databaseOf(data);
    const before = await note(createClient({ baseUrl: url, key }), "before the kill");
    running.signal("SIGKILL");
    await running.ended;
    expect(databaseOf(data)).toBe(database);
    const orphaned = await run("actions", "list");
    expect(orphaned.code).toBe(exitCodes.network.code);
    expect(orphaned.err).toContain("is gone");

    running = start("--data", data, "--port", port);
    await readyOf(running);
    expect(databaseOf(data)).toBe(database);
    expect((await adminOf(url).readAction({ id: before.id })).status).toBe("done");
    const after = await note(createClient({ baseUrl: url, key }), "after the kill");
    expect(after.status).toBe("done");
    running.signal("SIGINT");
    expect((await running.ended).code).toBe(exitCodes.ok.code);
    running = undefined;
    expect(databaseOf(data)).toBeUndefined();
    expect((await run("verify")).code).toBe(exitCodes.ok.code);
  });
});
