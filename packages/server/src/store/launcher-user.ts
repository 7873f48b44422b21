/** Decides as which operating system user the embedded PostgreSQL runs, since it refuses to run as root. */

import { ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { lstat, lchown, readFile, readdir, realpath, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { errorCode, launchFailure } from "./launcher-failure.ts";

/**
 * `self`: as the calling user. `user`: root becomes this user. `namespace`: root stays root towards the file system
 * but is `uid` and without privileges inside a user namespace, so that paths below a 0700 home stay reachable.
 */
export type RunAs =
  | { readonly kind: "self"; readonly uid: number }
  | { readonly kind: "user"; readonly uid: number; readonly gid: number; readonly name: string }
  | { readonly kind: "namespace"; readonly uid: number; readonly gid: number };

type Account = { readonly name: string; readonly uid: number; readonly gid: number };

// Nothing of the caller's environment is handed on: it may hold secrets, and PG* variables would change the server.
const ENVIRONMENT = { LC_ALL: "C", PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };

/** The user for a cluster below `folder`; undefined when root finds none that can reach it. */
export async function chooseUser(folder: string, allowNamespace: boolean): Promise<RunAs | undefined> {
  const uid = process.getuid?.() ?? -1;
  if (uid !== 0) return { kind: "self", uid };
  const accounts = await readAccounts();
  const { uid: ownerUid } = await stat(folder);
  const owner = accounts.find((account) => account.uid === ownerUid && account.uid !== 0);
  const service = serviceAccount(accounts);
  const preferred = owner ?? service;
  if ((await canReach(preferred, folder)) && (await runs(asUser(preferred)))) return asUser(preferred);
  const nobody: RunAs = { kind: "namespace", uid: service.uid, gid: service.gid };
  return allowNamespace && (await runs(nobody)) ? nobody : undefined;
}

/** The unprivileged system user that root becomes where the folder itself says nothing. */
export async function chooseServiceUser(): Promise<RunAs> {
  const account = serviceAccount(await readAccounts());
  if (await runs(asUser(account))) return asUser(account);
  throw launchFailure(`it must not run as root, and this root may not become ${account.name}`, "Start it as a user.");
}

/** Throws unless the calling user has an entry in the user database, which `initdb` insists on. */
export function requireNamedUser(runAs: RunAs): void {
  if (runAs.kind !== "self") return;
  try {
    userInfo();
  } catch (cause) {
    throw launchFailure(`user id ${runAs.uid} has no entry in /etc/passwd`, "Add one.", cause);
  }
}

/** True when the user may enter every folder on the way to `path`, and enter or execute `path` itself. */
export async function canReach(who: RunAs | Account, path: string): Promise<boolean> {
  if ("kind" in who && who.kind !== "user") return true;
  let step = await realpath(path);
  const steps = [step];
  while (step !== dirname(step)) {
    step = dirname(step);
    steps.push(step);
  }
  const stats = await Promise.all(steps.map((each) => stat(each)));
  return stats.every(({ uid, gid, mode }) => {
    if (uid === who.uid) return (mode & 0o100) !== 0;
    return (mode & (gid === who.gid ? 0o010 : 0o001)) !== 0;
  });
}

/** Starts a program as that user; failing to start is always told by the child's `error` event, never thrown. */
export function spawnAs(
  runAs: RunAs,
  [program, ...parameters]: readonly [string, ...string[]],
  options: SpawnOptions,
): ChildProcess {
  const settings: SpawnOptions = { ...options, env: ENVIRONMENT, cwd: "/" };
  if (runAs.kind === "self") return spawnSafely([program, ...parameters], settings);
  if (runAs.kind === "user") {
    return spawnSafely([program, ...parameters], { ...settings, uid: runAs.uid, gid: runAs.gid });
  }
  const map = ["--user", `--map-user=${runAs.uid}`, `--map-group=${runAs.gid}`];
  return spawnSafely(["unshare", ...map, "--", program, ...parameters], settings);
}

/** The owner that the server's files need on disk. */
export function fileOwner(runAs: RunAs): { readonly uid: number; readonly gid: number } {
  if (runAs.kind === "user") return { uid: runAs.uid, gid: runAs.gid };
  return { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };
}

/** Hands a folder and all it holds to the user; only root can, and only a change of owner costs anything. */
export async function giveTo(runAs: RunAs, path: string): Promise<void> {
  const { uid, gid } = fileOwner(runAs);
  const found = await lstat(path);
  if (found.uid === uid) return;
  if (runAs.kind === "self") {
    throw launchFailure(`${path} belongs to user id ${found.uid}, this process is ${uid}`, "Start as that user.");
  }
  if (found.isDirectory()) {
    const names = await readdir(path);
    await Promise.all(names.map((name) => giveTo(runAs, join(path, name))));
  }
  // The folder last: an interrupted change is then seen, and finished, at the next start.
  await lchown(path, uid, gid);
}

function asUser(account: Account): RunAs {
  return { kind: "user", uid: account.uid, gid: account.gid, name: account.name };
}

function serviceAccount(accounts: readonly Account[]): Account {
  const found = ["postgres", "nobody"].flatMap((name) => accounts.filter((account) => account.name === name))[0];
  if (found) return found;
  throw launchFailure("it must not run as root, and there is no user 'postgres' or 'nobody'", "Add one of them.");
}

async function readAccounts(): Promise<readonly Account[]> {
  const text = await readFile("/etc/passwd", "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return "";
    throw error;
  });
  return text.split("\n").flatMap((line) => {
    const [name, , uid, gid] = line.split(":");
    return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

/** True when a program can be run that way here; containers often forbid changing the user or making a namespace. */
async function runs(runAs: RunAs): Promise<boolean> {
  const child = spawnAs(runAs, ["true"], { stdio: "ignore" });
  return new Promise((resolve) => {
    child.once("error", () => resolve(false));
    child.once("exit", (code) => resolve(code === 0));
  });
}

// Node emits some failures, such as ENOENT, and throws others, such as EPERM when the user may not be changed.
function spawnSafely([program, ...parameters]: readonly [string, ...string[]], options: SpawnOptions): ChildProcess {
  try {
    return spawn(program, parameters, options);
  } catch (error) {
    const child = new ChildProcess();
    setImmediate(() => child.emit("error", error));
    return child;
  }
}
