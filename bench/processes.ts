/** Starts and ends what is measured: the server as `airworthy start` runs it, its peers, and what each uses of the processor. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";

import { createClient, type Client } from "@airworthy/sdk";

import type { Bundle } from "./build.ts";
import type { Peer } from "./peers.ts";

export type Started = { readonly url: string; readonly pid: number; readonly close: () => Promise<void> };

export async function startPeer(bundle: Bundle, what: Peer, upstreamUrl = ""): Promise<Started> {
  const child = fork(bundle.peers, [what, upstreamUrl], { execArgv: [], env: productionEnv() });
  const url = await Promise.race([
    once(child, "message").then(([first]: unknown[]) => String(first)),
    once(child, "exit").then(() => Promise.reject(new Error(`the peer ${what} ended at once`))),
  ]);
  return { url, pid: child.pid ?? 0, close: () => end(child) };
}

export type Product = Started & {
  /** From the start of the process to its word that it is ready, in milliseconds. */
  readonly readyMs: number;
  readonly admin: Client;
  readonly agentKey: () => Promise<string>;
  /** The process of the embedded PostgreSQL; undefined when the server uses one of ours. */
  readonly databasePid: () => number | undefined;
};
export type ProductOptions = {
  readonly dataDir: string;
  readonly configDir?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly nodeFlags?: readonly string[];
};

/** The name of the agent in every configuration of the benchmarks. */
export const agentName = "bench";

export async function startProduct(bundle: Bundle, options: ProductOptions): Promise<Product> {
  const { dataDir, configDir } = options;
  const began = performance.now();
  const config = configDir === undefined ? [] : ["--config", configDir];
  const flags = ["start", "--data", dataDir, "--port", "0", "--json", ...config];
  const child = spawn(process.execPath, [...(options.nodeFlags ?? []), bundle.cli, ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...productionEnv(), ...options.env },
  });
  const said: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => said.push(chunk.toString()));
  const url = await Promise.race([
    firstLine(child).then((line) => String(Object(JSON.parse(line)).url)),
    once(child, "exit").then(() => Promise.reject(new Error(`the server did not start:\n${said.join("")}`))),
  ]);
  const readyMs = performance.now() - began;
  const admin = createClient({ baseUrl: url, key: readFileSync(path.join(dataDir, "admin.key"), "utf8").trim() });
  return {
    url,
    pid: child.pid ?? 0,
    readyMs,
    admin,
    agentKey: async () => (await admin.createKey({ for: { kind: "agent", name: agentName } })).key,
    databasePid: () => readDatabasePid(dataDir),
    close: () => end(child),
  };
}

/** A folder that goes away with everything in it. */
export function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const folder = mkdtempSync(path.join(tmpdir(), "airworthy-bench-data-"));
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export function writeConfig(folder: string, files: Readonly<Record<string, string>>): string {
  const configDir = path.join(folder, "config");
  mkdirSync(configDir, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(configDir, name), text);
  return configDir;
}

/** Processor time of a process and, where asked, of the children it has now, in microseconds; undefined off Linux. */
export function cpuMicros(pid: number | undefined, withChildren = false): number | undefined {
  if (pid === undefined || process.platform !== "linux") return undefined;
  const own = readStat(pid);
  if (!own) return undefined;
  if (!withChildren) return own.micros;
  const others = readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (readStat(Number(name)) ?? []) : []));
  return others.filter((one) => one.parent === pid).reduce((sum, one) => sum + one.micros, own.micros);
}

const ticksPerSecond = 100;

/** @see proc_pid_stat(5): the fields after the command's name; 4 is the parent, 14 and 15 are user and system ticks. */
function readStat(pid: number): { readonly parent: number; readonly micros: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { parent: Number(fields[1]), micros: (ticks * 1_000_000) / ticksPerSecond };
  } catch {
    return undefined;
  }
}

function readDatabasePid(dataDir: string): number | undefined {
  try {
    const file = path.join(dataDir, "postgres", "data", "postmaster.pid");
    return Number.parseInt(readFileSync(file, "utf8"), 10);
  } catch {
    return undefined;
  }
}

/** What this machine's environment may say of databases must not change what is measured. */
function productionEnv(): NodeJS.ProcessEnv {
  const { DATABASE_URL: _url, DATABASE_URL_FILE: _file, NODE_OPTIONS: _options, ...rest } = process.env;
  return { ...rest, NODE_ENV: "production" };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error("the child has no output");
  const lines = createInterface({ input: child.stdout });
  const [line]: unknown[] = await once(lines, "line");
  return String(line);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}
