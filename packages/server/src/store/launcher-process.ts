/** Looks at operating system processes for the launcher: who lives, who is a zombie, who was orphaned by a killed server. */

import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

export type ProcessEntry = {
  readonly pid: number;
  readonly parent: number;
  readonly zombie: boolean;
  readonly command: string;
};

/** Calls `probe` until it answers something, and returns that; `probe` itself decides when to give up, by throwing. */
export async function poll<T>(probe: () => Promise<T | undefined>, pause: { readonly everyMs: number }): Promise<T> {
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    await sleep(pause.everyMs);
  }
}

/** Sends a signal; false when there is no such process any more. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    // EPERM means that it lives and belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** True while the process runs; a zombie that nobody reaped has ended, though signals still reach it. */
export async function isRunning(pid: number): Promise<boolean> {
  if (!signal(pid, 0)) return false;
  const entry = await findProcess(pid);
  return entry !== undefined && !entry.zombie;
}

export async function findProcess(pid: number): Promise<ProcessEntry | undefined> {
  if (process.platform === "linux") return readProcess(pid);
  const all = await listProcesses();
  return all.find((entry) => entry.pid === pid);
}

/**
 * Server processes of the cluster that outlived their postmaster. PostgreSQL refuses to start while they hold the old
 * shared memory. They are known by the cluster's name in their title and by a parent that is not of the cluster.
 */
export async function findOrphans(clusterName: string): Promise<readonly ProcessEntry[]> {
  const all = await listProcesses();
  const cluster = all.filter((entry) => !entry.zombie && entry.command.includes(clusterName));
  const members = new Set(cluster.map((entry) => entry.pid));
  return cluster.filter((entry) => entry.command.startsWith("postgres: ") && !members.has(entry.parent));
}

async function listProcesses(): Promise<readonly ProcessEntry[]> {
  if (process.platform !== "linux") return listWithPs();
  const names = await readdir("/proc");
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const entries = await Promise.all(pids.map((pid) => readProcess(pid)));
  return entries.filter((entry) => entry !== undefined);
}

// Linux without ps (slim containers) is common, so /proc is read directly there.
async function readProcess(pid: number): Promise<ProcessEntry | undefined> {
  try {
    const [stat, command] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "utf8"),
      readFile(`/proc/${pid}/cmdline`, "utf8"),
    ]);
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { pid, parent: Number(parent), zombie: state === "Z", command: command.replaceAll("\0", " ").trim() };
  } catch {
    return undefined; // It ended between the listing and the look.
  }
}

async function listWithPs(): Promise<readonly ProcessEntry[]> {
  const { stdout } = await promisify(execFile)("/bin/ps", ["-axww", "-o", "pid=,ppid=,stat=,command="], {
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout.split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line);
    if (!match) return [];
    const [, pid, parent, state = "", command = ""] = match;
    return [{ pid: Number(pid), parent: Number(parent), zombie: state.startsWith("Z"), command }];
  });
}
