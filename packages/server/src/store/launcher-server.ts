/** Talks to one PostgreSQL server process: reads its pid file, asks whether it answers, starts it, stops it. */

import type { ChildProcess, StdioOptions } from "node:child_process";
import { constants } from "node:fs";
import { type FileHandle, lchown, lstat, open, readFile, realpath, rename, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "pg";
import { type ClusterPlace, PORT, SUPERUSER } from "./launcher-cluster.ts";
import { errorCode, launchFailure } from "./launcher-failure.ts";
import { findProcess, isRunning, poll, signal } from "./launcher-process.ts";
import { type RunAs, fileOwner, spawnAs } from "./launcher-user.ts";

export type Connection = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
};

export type Sighting =
  | { readonly state: "ready"; readonly pid: number; readonly connection: Connection }
  /** It starts, stops or is full; when `silent`, a process lives that nobody can talk to. */
  | { readonly state: "busy"; readonly pid: number; readonly silent: boolean }
  | { readonly state: "none" };

const DATABASE = "airworthy";
const LOG_LIMIT_BYTES = 16 * 1024 * 1024;
const STOP_LIMIT_MS = 60_000;

/** Looks for a running server of this cluster and creates the database `airworthy` in it if that is missing. */
export async function findServer(place: ClusterPlace): Promise<Sighting> {
  const file = await readPidFile(place);
  if (!file) return { state: "none" };
  const local = await isSameFolder(file.dataDir, place.dataDir);
  const named = local && file.socketDir ? [{ host: file.socketDir, port: file.port }] : [];
  const places = [...named, { host: place.socketDir, port: PORT }].filter(
    ({ host }, index, all) => all.findIndex((other) => other.host === host) === index,
  );
  const answers = await Promise.all(places.map((each) => ask(each, place)));
  const connection = answers.find((answer) => typeof answer === "object");
  if (connection) return { state: "ready", pid: file.pid, connection };
  if (answers.includes("busy")) return { state: "busy", pid: file.pid, silent: false };
  const held = local && (await holdsCluster(file.pid));
  return held ? { state: "busy", pid: file.pid, silent: true } : { state: "none" };
}

/**
 * Removes lock files that PostgreSQL itself would take for a living server's: copied along with the folder, or naming a
 * process id that now belongs to something else or to a zombie. PostgreSQL still refuses to start while old processes
 * hold its memory.
 */
export async function removeForeignLocks(place: ClusterPlace): Promise<void> {
  await removeForeignLock(pidFilePath(place), place);
  await removeForeignLock(join(place.socketDir, `.s.PGSQL.${PORT}.lock`), place);
}

async function removeForeignLock(path: string, place: ClusterPlace): Promise<void> {
  const file = await readLockFile(path, place);
  if (!file || !signal(file.pid, 0)) return;
  const copied = await isAnotherFolder(file.dataDir, place.dataDir);
  if (!copied && (await holdsCluster(file.pid))) return;
  const again = await readLockFile(path, place);
  if (again?.text === file.text) await unlink(path);
}

/** Starts the server so that it outlives this process; without `pid` it ended before it was ready, having `said` why. */
export async function startServer(
  place: ClusterPlace,
  postgres: string,
  runAs: RunAs,
): Promise<{ readonly pid?: number; readonly said: string }> {
  const log = await openLog(place, runAs);
  try {
    const { size } = await log.stat();
    const child = spawnServer(place, { postgres, runAs, logFd: log.fd });
    const ended = watchEnd(child);
    const pid = await waitUntilReady(place, child, ended);
    if (pid !== undefined) return { pid, said: "" };
    return { said: ended.reason ?? (await readFrom(place.logFile, size)) };
  } finally {
    await log.close();
  }
}

/** Stops the server by fast shutdown and waits for its end; does nothing when it is not the one of this cluster. */
export async function stopServer(place: ClusterPlace, pid: number): Promise<void> {
  const file = await readPidFile(place);
  if (file?.pid !== pid || !(await isRunning(pid))) return;
  const startedAt = performance.now();
  let urged = false;
  signal(pid, "SIGINT");
  const gone = async (): Promise<true | undefined> => {
    if (!(await isRunning(pid))) return true;
    const waitedMs = performance.now() - startedAt;
    if (waitedMs < STOP_LIMIT_MS) return undefined;
    // An immediate shutdown loses nothing that was committed; the next start recovers.
    if (!urged) signal(pid, "SIGQUIT");
    urged = true;
    if (waitedMs < 2 * STOP_LIMIT_MS) return undefined;
    throw new Error(`PostgreSQL (process ${pid}) in ${place.dataDir} does not stop. Look into ${place.logFile}.`);
  };
  await poll(gone, { everyMs: 10 });
}

type PidFile = {
  readonly pid: number;
  readonly dataDir: string;
  readonly port: number;
  readonly socketDir: string;
  readonly status: string;
  readonly text: string;
};

function pidFilePath(place: ClusterPlace): string {
  return join(place.dataDir, "postmaster.pid");
}

// The lines are documented in PostgreSQL's src/include/utils/pidfile.h.
function readPidFile(place: ClusterPlace): Promise<PidFile | undefined> {
  return readLockFile(pidFilePath(place), place);
}

/** The lock beside the socket has the same first lines. */
async function readLockFile(path: string, place: ClusterPlace): Promise<PidFile | undefined> {
  try {
    const text = await readFile(path, "utf8");
    const [pid, dataDir = "", , port, socketDir = "", , , status = ""] = text.split("\n").map((line) => line.trim());
    if (!Number(pid)) return undefined; // Caught while it is being written.
    return { pid: Number(pid), dataDir, port: Number(port) || PORT, socketDir, status, text };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw launchFailure(`${place.dataDir} cannot be read`, "Start as the user to whom it belongs.", error);
  }
}

async function isSameFolder(one: string, other: string): Promise<boolean> {
  const paths = await Promise.all([one, other].map((path) => realpath(path).catch(() => undefined)));
  if (paths[0] === undefined) return false;
  return paths[0] === paths[1] || !(await isAnotherFolder(one, other));
}

/** True only when both exist and differ: a path that cannot be seen may be the same folder in another container. */
async function isAnotherFolder(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([one, other].map((path) => stat(path).catch(() => undefined)));
  return first !== undefined && second !== undefined && (first.ino !== second.ino || first.dev !== second.dev);
}

/** True when the process looks like a PostgreSQL server; ids are reused, also by the next start of a container. */
async function holdsCluster(pid: number): Promise<boolean> {
  const entry = await findProcess(pid);
  return entry !== undefined && !entry.zombie && entry.command.includes("postgres");
}

async function ask(
  at: { readonly host: string; readonly port: number },
  place: ClusterPlace,
): Promise<Connection | "busy" | "none"> {
  if (!(await isTrusted(at.host, place))) return "none";
  const connection = { ...at, user: SUPERUSER, database: DATABASE };
  try {
    await query(connection, "SELECT 1");
    return connection;
  } catch (error) {
    const code = errorCode(error);
    if (code === "ECONNREFUSED" || code === "ENOENT") return "none";
    // 57P03: starting or stopping. 53300: full of clients. The rest, or no code: it went away while we asked.
    if (code === undefined || ["57P03", "53300", "57P01", "ECONNRESET", "EPIPE"].includes(code)) return "busy";
    if (code !== "3D000") {
      throw launchFailure(`the server at ${at.host} refuses user ${SUPERUSER}`, "Stop that server.", error);
    }
  }
  await createDatabase(at);
  return connection;
}

// Anybody may make a folder in the temporary one, and would then be handed our data.
async function isTrusted(socketDir: string, place: ClusterPlace): Promise<boolean> {
  const [socket, data] = await Promise.all([
    lstat(socketDir).catch(() => undefined),
    lstat(place.dataDir).catch(() => undefined),
  ]);
  return socket !== undefined && socket.isDirectory() && socket.uid === data?.uid;
}

async function createDatabase(at: { readonly host: string; readonly port: number }): Promise<void> {
  try {
    await query({ ...at, user: SUPERUSER, database: "postgres" }, `CREATE DATABASE ${DATABASE}`);
  } catch (error) {
    // Another start was faster: seen as a duplicate name, or as a duplicate key when both ran at once.
    if (!["42P04", "23505"].includes(errorCode(error) ?? "")) throw error;
  }
}

async function query(connection: Connection, text: string): Promise<void> {
  const client = new Client({ ...connection, ssl: false, connectionTimeoutMillis: 10_000 });
  // The server may end the connection at any moment; the failed query already tells so.
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query(text);
  } finally {
    await client.end().catch(() => {});
  }
}

function spawnServer(
  place: ClusterPlace,
  how: { readonly postgres: string; readonly runAs: RunAs; readonly logFd: number },
): ChildProcess {
  // On the command line, so that they hold whatever postgresql.conf says and wherever the folder was moved.
  const settings = [
    "listen_addresses=",
    `unix_socket_directories=${place.socketDir}`,
    "unix_socket_permissions=0700",
    `port=${PORT}`,
    `cluster_name=${place.clusterName}`,
    "fsync=on",
    "full_page_writes=on",
    "timezone=UTC",
  ].flatMap((setting) => ["-c", setting]);
  const stdio: StdioOptions = ["ignore", how.logFd, how.logFd];
  const child = spawnAs(how.runAs, [how.postgres, "-D", place.dataDir, ...settings], { detached: true, stdio });
  child.unref();
  return child;
}

function watchEnd(child: ChildProcess): { over: boolean; reason?: string } {
  const ended: { over: boolean; reason?: string } = { over: false };
  child.once("exit", () => {
    ended.over = true;
  });
  child.once("error", (error) => {
    ended.over = true;
    ended.reason = error.message;
  });
  return ended;
}

/** The process id once the server takes connections. A recovery after a crash may take long: only its end ends it. */
async function waitUntilReady(
  place: ClusterPlace,
  child: ChildProcess,
  ended: { readonly over: boolean },
): Promise<number | undefined> {
  const look = async (): Promise<{ readonly pid?: number } | undefined> => {
    if (ended.over) return {};
    const file = await readPidFile(place);
    return file?.pid === child.pid && file?.status.startsWith("ready") ? { pid: file.pid } : undefined;
  };
  const { pid } = await poll(look, { everyMs: 5 });
  return pid;
}

async function openLog(place: ClusterPlace, runAs: RunAs): Promise<FileHandle> {
  const { uid, gid } = fileOwner(runAs);
  const found = await lstat(place.logFile).catch(() => undefined);
  if (found && found.size > LOG_LIMIT_BYTES) await rename(place.logFile, `${place.logFile}.1`);
  // The folder belongs to the server's user, who must not lead root to another file by a link.
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
  try {
    const log = await open(place.logFile, O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY, 0o600);
    if (runAs.kind !== "self") await lchown(place.logFile, uid, gid);
    return log;
  } catch (cause) {
    throw launchFailure(`${place.logFile} cannot be written`, "Allow writing there.", cause);
  }
}

async function readFrom(path: string, start: number): Promise<string> {
  const text = await readFile(path);
  return text.subarray(start).toString("utf8").trim().slice(-1500);
}
