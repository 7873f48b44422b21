/** Where the command line connects, and with whose key. */
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { findDataFolder } from "./connection.ts";
import { runIn, type FakeWorld } from "./shell.fixture.ts";

let root = "";
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "airworthy-cli-")));
});
afterEach(() => rmSync(root, { recursive: true }));

const healthy = () => ({ body: { ok: true, store: true, version: "1" } });
const bare = (cwd: string, more: NonNullable<FakeWorld["shell"]> = {}): FakeWorld => ({
  server: healthy,
  shell: { cwd, environment: { colour: "auto" }, ...more },
});

function makeData(at: string, server: unknown = { url: "http://127.0.0.1:5000", pid: process.pid }): string {
  const data = join(at, ".airworthy");
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, "server.json"), typeof server === "string" ? server : JSON.stringify(server));
  writeFileSync(join(data, "admin.key"), "aw_admin\n", { mode: 0o600 });
  return data;
}

describe("findDataFolder", () => {
  it("walks up to the root of the Git repository, and takes the nearest", () => {
    mkdirSync(join(root, ".git"));
    const deep = join(root, "a", "b");
    mkdirSync(deep, { recursive: true });
    const outer = makeData(root);
    expect(findDataFolder({}, deep).path).toBe(outer);
    const inner = makeData(join(root, "a"));
    expect(findDataFolder({}, deep).path).toBe(inner);
  });

  it("never leaves the repository, and without one never leaves the working folder", () => {
    makeData(root);
    const repository = join(root, "repository");
    mkdirSync(join(repository, ".git"), { recursive: true });
    const plain = join(root, "plain");
    mkdirSync(plain);
    expect(findDataFolder({}, repository).path).toBe(join(repository, ".airworthy"));
    expect(findDataFolder({}, plain).path).toBe(join(plain, ".airworthy"));
  });

  it("takes --data as it is", () => {
    expect(findDataFolder({ data: "elsewhere" }, root).path).toBe(join(root, "elsewhere"));
  });
});

describe("the connection", () => {
  it("is the data folder's server with its administrator's key", async () => {
    makeData(root);
    const { asked, err } = await runIn(bare(root), "health", "--tenant", "acme");
    expect(asked).toMatchObject([{ key: "aw_admin", tenant: "acme" }]);
    expect(err).toBe("");
  });

  it("never sends the administrator's key to an address that was named", async () => {
    makeData(root);
    const { asked } = await runIn(bare(root), "health", "--url", "http://127.0.0.1:9");
    expect(asked).toMatchObject([{ key: undefined }]);
    const environment = { colour: "auto", url: "http://127.0.0.1:9" } as const;
    expect((await runIn(bare(root, { environment }), "health")).asked).toMatchObject([{ key: undefined }]);
  });

  it("takes the key from a file, from the environment's file, or from stdin; a flag wins", async () => {
    const mine = join(root, "mine.key");
    const other = join(root, "other.key");
    writeFileSync(mine, "aw_mine\n", { mode: 0o600 });
    writeFileSync(other, "aw_other\n", { mode: 0o600 });
    const environment = { colour: "auto", url: "http://127.0.0.1:9", keyFile: other } as const;
    const world = bare(root, { environment, readInput: () => Promise.resolve("aw_stdin\n") });
    expect((await runIn(world, "health")).asked).toMatchObject([{ key: "aw_other" }]);
    expect((await runIn(world, "health", "--key-file", "mine.key")).asked).toMatchObject([{ key: "aw_mine" }]);
    expect((await runIn(world, "health", "--key-file", "-")).asked).toMatchObject([{ key: "aw_stdin" }]);
  });

  it("warns of a key that others may read", async () => {
    const data = makeData(root);
    chmodSync(join(data, "admin.key"), 0o644);
    const { err } = await runIn(bare(root), "health");
    expect(err).toContain("chmod 600");
    expect(err).not.toContain("aw_admin");
  });

  it.each([
    ["nothing there", undefined, 5, "No server is running here"],
    ["a server that is gone", { url: "http://127.0.0.1:5000", pid: 2 ** 30 }, 5, "is gone"],
    ["a file that says nothing", "{}", 5, "does not say"],
    ["a file that is no JSON", "]", 5, "does not say"],
    ["an address that is none", { url: "file:///etc/passwd", pid: process.pid }, 2, "not an http address"],
  ])("with %s it fails, names the fix and asks nobody", async (_, server, code, message) => {
    if (server !== undefined) makeData(root, server);
    const ran = await runIn(bare(root), "health");
    expect(ran).toMatchObject({ code, asked: [] });
    expect(ran.err).toContain(message);
    expect(ran.err).toContain("fix: ");
  });

  it.each([
    ["", 4],
    ["two words", 4],
    ["line\nline", 4],
  ])("refuses a key file that holds %j, without showing it", async (content, code) => {
    writeFileSync(join(root, "my.key"), content, { mode: 0o600 });
    const ran = await runIn(bare(root), "health", "--url", "http://127.0.0.1:9", "--key-file", "my.key");
    expect(ran).toMatchObject({ code, asked: [] });
    expect(ran.err).not.toContain("words");
  });

  it("fails with 4 when the key is missing", async () => {
    const data = makeData(root);
    rmSync(join(data, "admin.key"));
    expect(await runIn(bare(root), "health")).toMatchObject({ code: 4, asked: [] });
    const ran = await runIn(bare(root), "health", "--key-file", "gone.key");
    expect(ran).toMatchObject({ code: 4, asked: [] });
  });
});
