/** Starts, or adopts, the embedded PostgreSQL server of a folder and hands out how to connect to it. */

import { chmod, mkdir, readFile, realpath, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { type ClusterPlace, createCluster, hasCluster, placeIn, prepareFolders } from "./launcher-cluster.ts";
import { errorCode, launchFailure } from "./launcher-failure.ts";
import { findOrphans, poll, signal } from "./launcher-process.ts";
import { type Program, findProgram, readyProgram } from "./launcher-program.ts";
import {
  type Connection,
  type Sighting,
  findServer,
  removeForeignLocks,
  startServer,
  stopServer,
} from "./launcher-server.ts";
import { type RunAs, canReach, chooseServiceUser, chooseUser } from "./launcher-user.ts";

export type RunningDatabase = {
  /** Settings for `pg.Pool`; `host` is the folder of the socket. */
  readonly connection: Connection;
  readonly dataDir: string;
  /** True when a server that was already running was adopted. */
  readonly adopted: boolean;
  /** Process id of the server. */
  readonly pid: number;
  /** Stops the server and waits. An adopted one may serve others and is stopped only with `{ adopted: true }`. */
  stop(options?: { adopted?: boolean }): Promise<void>;
};

export type LaunchOptions = {
  /** The server's files live in `postgres` below it. */
  readonly folder: string;
  readonly onProgress?: (message: string) => void;
  /** Folder of the PostgreSQL package, instead of the one that npm installed. */
  readonly packageRoot?: string;
  /** How root may run the server where no other user can reach the folder. */
  readonly asRoot?: { readonly namespaces: boolean; readonly elsewhere: string };
};

type Ready = Extract<Sighting, { state: "ready" }>;
type Settled = Exclude<Sighting, { state: "busy" }>;

const AS_ROOT = { namespaces: true, elsewhere: "/var/lib/airworthy" };
const PATIENCE_MS = 10_000; // with what a killed server left behind
const RECOVERY_MS = 300_000; // of a server that someone else has started

/**
 * Starts, or adopts, the PostgreSQL whose files live in `${folder}/postgres`, and creates the database `airworthy`.
 * The server outlives this process unless `stop` is called. Throws an error that names place, cause and fix.
 */
export async function launchDatabase(options: LaunchOptions): Promise<RunningDatabase> {
  const folder = await prepareFolder(options.folder);
  const place = await readPlace(folder);
  const sighting = await waitForAnswer(place, options);
  if (sighting.state === "ready") return describe(place, sighting, true);
  const setup = await prepare(folder, place, options);
  return startOrAdopt(setup, options);
}

type Setup = { readonly place: ClusterPlace; readonly program: Program; readonly runAs: RunAs };

async function prepareFolder(path: string): Promise<string> {
  try {
    const made = await mkdir(path, { recursive: true });
    // Root's server runs as another user, who must pass through; what is secret inside has modes of its own.
    if (made !== undefined) await chmod(path, process.getuid?.() === 0 ? 0o711 : 0o700);
    return await realpath(path);
  } catch (cause) {
    throw launchFailure(`${path} cannot be made`, "Allow writing there or choose another folder.", cause);
  }
}

async function readPlace(folder: string): Promise<ClusterPlace> {
  const base = join(folder, "postgres");
  const elsewhere = await readFile(join(base, "location"), "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return undefined;
    throw launchFailure(`${base} cannot be read`, "Start as the user to whom it belongs.", error);
  });
  return placeIn(elsewhere?.trim() ?? base);
}

async function prepare(folder: string, found: ClusterPlace, options: LaunchOptions): Promise<Setup> {
  const program = await findProgram(options.packageRoot);
  const { namespaces, elsewhere } = options.asRoot ?? AS_ROOT;
  const relocated = found.base !== join(folder, "postgres");
  const chosen = relocated ? await chooseServiceUser() : await chooseUser(folder, namespaces);
  const runAs = chosen ?? (await chooseServiceUser());
  const place = chosen ? found : await relocate(folder, elsewhere);
  if (place !== found) options.onProgress?.(`No other user can reach ${folder}: the database lives in ${place.base}`);
  await prepareFolders(place, runAs);
  const ready = await readyProgram(program, place.base, (path) => canReach(runAs, path));
  if (!(await hasCluster(place, ready))) {
    options.onProgress?.("Creating the database");
    await createCluster(place, ready, runAs);
  }
  return { place, program: ready, runAs };
}

/** Puts the cluster outside of a folder that its user cannot reach; a file in the folder says where it is. */
async function relocate(folder: string, elsewhere: string): Promise<ClusterPlace> {
  const pointer = join(folder, "postgres");
  const digest = createHash("sha256").update(folder).digest("hex").slice(0, 12);
  const base = join(elsewhere, `${basename(folder).replace(/[^A-Za-z0-9_-]/g, "")}-${digest}`);
  try {
    await mkdir(elsewhere, { recursive: true, mode: 0o711 });
    await mkdir(pointer, { recursive: true, mode: 0o700 });
    await writeFile(join(pointer, "location"), `${base}\n`, { mode: 0o600 });
  } catch (cause) {
    throw launchFailure(`no other user can reach ${folder}, and ${base} cannot be made`, "Open the folder.", cause);
  }
  return placeIn(base);
}

/** Waits while a server is starting or stopping; a process that stays silent is an error for people to settle. */
async function waitForAnswer(place: ClusterPlace, options: LaunchOptions): Promise<Settled> {
  const startedAt = performance.now();
  let told = false;
  const look = async (): Promise<Settled | undefined> => {
    const sighting = await findServer(place);
    if (sighting.state !== "busy") return sighting;
    const { pid, silent } = sighting;
    if (!told) options.onProgress?.(`Waiting for PostgreSQL (process ${pid})`);
    told = true;
    if (performance.now() - startedAt < (silent ? PATIENCE_MS : RECOVERY_MS)) return undefined;
    throw launchFailure(`process ${pid} holds ${place.dataDir} and takes no connections`, `Stop it: kill -INT ${pid}.`);
  };
  return poll(look, { everyMs: 50 });
}

async function startOrAdopt(setup: Setup, options: LaunchOptions): Promise<RunningDatabase> {
  const { place, program, runAs } = setup;
  const startedAt = performance.now();
  let unexplained = 0;
  const attempt = async (): Promise<RunningDatabase | undefined> => {
    const before = await waitForAnswer(place, options);
    if (before.state === "ready") return describe(place, before, true);
    await removeForeignLocks(place);
    options.onProgress?.("Starting PostgreSQL");
    const started = await startServer(place, program.postgres, runAs);
    const after = await waitForAnswer(place, options);
    if (after.state === "ready") return describe(place, after, after.pid !== started.pid);
    const waitedMs = performance.now() - startedAt;
    if (!(await clearTheWay(place, waitedMs))) unexplained += 1;
    // What stood in the way may have gone before it was looked for, so one failure proves nothing.
    if (unexplained < 2 && waitedMs < PATIENCE_MS) return undefined;
    throw launchFailure(`the server in ${place.dataDir} ended at once`, `It said: ${started.said}`);
  };
  return poll(attempt, { everyMs: 100 });
}

/** True when orphans of a killed server stood in the way; they are given a second, then told to end, then made to. */
async function clearTheWay(place: ClusterPlace, waitedMs: number): Promise<boolean> {
  const orphans = await findOrphans(place.clusterName);
  if (waitedMs > 1000) {
    for (const { pid } of orphans) signal(pid, waitedMs > 4000 ? "SIGKILL" : "SIGQUIT");
  }
  return orphans.length > 0;
}

function describe(place: ClusterPlace, { pid, connection }: Ready, adopted: boolean): RunningDatabase {
  return {
    connection,
    dataDir: place.dataDir,
    adopted,
    pid,
    async stop(options = {}) {
      if (!adopted || options.adopted === true) await stopServer(place, pid);
    },
  };
}
