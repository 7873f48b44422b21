/** Lays out the files of the embedded PostgreSQL below one folder and creates the cluster in them, once. */

import type { StdioOptions } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmod, lchown, lstat, mkdir, open, readFile, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorCode, launchFailure } from "./launcher-failure.ts";
import type { Program } from "./launcher-program.ts";
import { type RunAs, fileOwner, giveTo, requireNamedUser, spawnAs } from "./launcher-user.ts";

export type ClusterPlace = {
  readonly base: string;
  readonly dataDir: string;
  readonly socketDir: string;
  readonly logFile: string;
  /** Stands in the title of every process of the cluster. */
  readonly clusterName: string;
};

export const SUPERUSER = "airworthy";
export const PORT = 5432; // Only a part of the socket's file name: the server opens no TCP port.

// The built-in locale orders text the same on every machine and in every later version.
const HOW = [
  "--encoding=UTF8",
  "--locale-provider=builtin",
  "--builtin-locale=C.UTF-8",
  "--locale=C",
  "--auth-local=trust",
  "--auth-host=reject",
  "--no-instructions",
];

const UNFINISHED = "unfinished-";
const ABANDONED_AFTER_MS = 600_000;

// macOS allows 103 bytes for the path of a socket, Linux 107.
const SOCKET_PATH_BYTES = 103;

// Written to postgresql.conf once, so that an operator may change them there.
const FIRST_SETTINGS = [
  "shared_buffers=128MB",
  "max_connections=100",
  "wal_compression=off",
  "log_checkpoints=off",
  "log_timezone=UTC",
];

/** Where the files of the cluster in `base` lie; follows from the path alone. */
export function placeIn(base: string): ClusterPlace {
  const clusterName = `airworthy-${createHash("sha256").update(base).digest("hex").slice(0, 16)}`;
  const beside = join(base, "socket");
  const fits = Buffer.byteLength(join(beside, `.s.PGSQL.${PORT}.lock`)) <= SOCKET_PATH_BYTES;
  // PostgreSQL reads the setting as a list, in which commas and quotes have a meaning.
  const plain = !/[,"]/.test(beside);
  const socketDir = fits && plain ? beside : join(shortFolder(), clusterName);
  return { base, dataDir: join(base, "data"), socketDir, logFile: join(base, "server.log"), clusterName };
}

/** Creates the folders that are missing and gives them to the server's user. */
export async function prepareFolders(place: ClusterPlace, runAs: RunAs): Promise<void> {
  try {
    await makePrivate(place.base, runAs, true);
    await giveIfPresent(place.dataDir, runAs);
    await makePrivate(place.socketDir, runAs, place.socketDir.startsWith(place.base));
  } catch (cause) {
    if (errorCode(cause) === undefined) throw cause;
    throw launchFailure(`${place.base} is not writable`, "Allow writing there or choose another folder.", cause);
  }
}

/** True when the folder holds a cluster that this program can run; throws when it holds anything else. */
export async function hasCluster(place: ClusterPlace, program: Program): Promise<boolean> {
  const made = await readMajor(place.dataDir);
  if (made === undefined || made === program.major) return made !== undefined;
  throw launchFailure(
    `${place.dataDir} was made by PostgreSQL ${made}, this release brings PostgreSQL ${program.major}`,
    "Export the data with the release that made it, or choose another folder.",
  );
}

/** Creates the cluster aside and renames it into place: whoever is killed or comes second leaves nothing half made. */
export async function createCluster(place: ClusterPlace, program: Program, runAs: RunAs): Promise<void> {
  requireNamedUser(runAs);
  await removeAbandoned(place.base);
  const unfinished = join(place.base, `${UNFINISHED}${randomBytes(6).toString("hex")}`);
  await mkdir(unfinished, { mode: 0o700 });
  try {
    await giveTo(runAs, unfinished);
    await runInitdb(unfinished, program, runAs);
    await rename(unfinished, place.dataDir);
    await syncFolder(place.base);
  } catch (error) {
    if (!["EEXIST", "ENOTEMPTY"].includes(errorCode(error) ?? "")) throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

function shortFolder(): string {
  const path = tmpdir();
  return Buffer.byteLength(path) <= 40 && !/[,"]/.test(path) ? path : "/tmp";
}

async function makePrivate(path: string, runAs: RunAs, inside: boolean): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (errorCode(error) !== "EEXIST") throw error;
  });
  const found = await lstat(path);
  const { uid, gid } = fileOwner(runAs);
  // Inside its own folder root may meet a cluster of another user; in the shared one that may be somebody's trap.
  const mayTake = process.getuid?.() === 0 && (inside || found.uid === 0);
  if (!found.isDirectory() || (found.uid !== uid && !mayTake)) {
    throw launchFailure(`${path} belongs to user id ${found.uid}`, "Remove it or start as that user.");
  }
  if (found.uid !== uid) await lchown(path, uid, gid);
  if ((found.mode & 0o777) !== 0o700) await chmod(path, 0o700);
}

async function giveIfPresent(path: string, runAs: RunAs): Promise<void> {
  await giveTo(runAs, path).catch((error: unknown) => {
    if (errorCode(error) !== "ENOENT") throw error;
  });
}

async function readMajor(dataDir: string): Promise<number | undefined> {
  try {
    return Number.parseInt(await readFile(join(dataDir, "PG_VERSION"), "utf8"), 10);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
  const names = await readdir(dataDir).catch(() => []);
  if (names.length === 0) return undefined;
  throw launchFailure(`${dataDir} holds files that are not a database`, "Move them away or choose another folder.");
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function removeAbandoned(base: string): Promise<void> {
  const names = await readdir(base);
  const unfinished = names.filter((name) => name.startsWith(UNFINISHED)).map((name) => join(base, name));
  await Promise.all(
    unfinished.map(async (path) => {
      const { mtimeMs } = await lstat(path);
      if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
    }),
  );
}

async function runInitdb(dataDir: string, program: Program, runAs: RunAs): Promise<void> {
  const settings = FIRST_SETTINGS.flatMap((setting) => ["--set", setting]);
  const stdio: StdioOptions = ["ignore", "ignore", "pipe"];
  const child = spawnAs(runAs, [program.initdb, "-D", dataDir, "-U", SUPERUSER, ...HOW, ...settings], { stdio });
  const said: Buffer[] = [];
  child.stderr?.on("data", (chunk: Buffer) => said.push(chunk));
  const failure = await new Promise<Error | undefined>((resolve) => {
    child.once("error", resolve);
    child.once("close", (code) => {
      resolve(code === 0 ? undefined : new Error(Buffer.concat(said).toString("utf8").trim().slice(-1000)));
    });
  });
  if (failure) throw initdbFailure(dataDir, failure);
}

function initdbFailure(dataDir: string, failure: Error): Error {
  if (errorCode(failure) === "ENOENT" && process.platform === "linux") {
    return launchFailure("its program does not run here", "It needs glibc 2.27 or newer (not musl).", failure);
  }
  return launchFailure(`initdb failed in ${dataDir}`, "Correct what it names.", failure);
}
