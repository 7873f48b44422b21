/** One server under fire: a process of its own that can be killed, frozen and started again, and its database likewise. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { createClient, type Client } from "@airworthy/sdk";
import pg from "pg";

import { stopServer } from "../../packages/server/src/store/launcher-server.ts";
import { placeIn } from "../../packages/server/src/store/launcher-cluster.ts";

export type Place = { readonly folder: string; readonly configDir: string; readonly remove: () => void };
export type ServerOptions = {
  readonly place: Place;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Publish the configuration at each start. Default true. */
  readonly publish?: boolean;
};
export type ServerProcess = {
  readonly url: string;
  readonly dataDir: string;
  /** Spawns the process and returns at once. */
  readonly spawn: () => void;
  /** Resolves when the server says that it is healthy; rejects with its last words when it ended instead. */
  readonly untilHealthy: () => Promise<void>;
  readonly kill: () => Promise<void>;
  readonly freeze: () => void;
  readonly thaw: () => void;
  readonly admin: () => Client;
  readonly client: (key: string) => Client;
  /** Ends that nobody asked for. */
  readonly ownEnds: string[];
};

const root = path.resolve(import.meta.dirname, "../..");
/** A limit against hanging: machines here are shared. */
const startMaxMs = 180_000;

/** A folder for one test with its configuration written. The database's user must be able to pass through. */
export function makePlace(files: Readonly<Record<string, string>>): Place {
  const folder = mkdtempSync(path.join(tmpdir(), "airworthy-fault-"));
  chmodSync(folder, 0o711);
  const configDir = path.join(folder, "config");
  mkdirSync(configDir);
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(configDir, file), text);
  return { folder, configDir, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export async function createServerProcess(options: ServerOptions): Promise<ServerProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const ownEnds: string[] = [];
  let child: ChildProcess | undefined;
  let asked = false;
  let said = "";
  let ready = false;

  function start(): void {
    const config = options.publish === false ? [] : ["--config", options.place.configDir];
    const words = ["--conditions=airworthy-source", "--import", "tsx", "packages/cli/src/main.ts", "start"];
    const rest = [...config, "--data", options.dataDir, "--port", String(port), "--json"];
    const started = spawn(process.execPath, [...words, ...rest], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], AIRWORTHY_LOG_LEVEL: "error", ...options.env },
    });
    asked = false;
    said = "";
    ready = false;
    for (const stream of [started.stdout, started.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        if (child !== started) return;
        said = `${said}${chunk.toString()}`.slice(-4000);
        // It answers before that, by the configuration that was live.
        ready ||= said.includes("airworthy.ready/1");
      });
    }
    started.once("exit", (code, signal) => {
      if (child === started && !asked) ownEnds.push(`exit ${code ?? signal ?? ""}: ${said}`);
    });
    child = started;
  }

  const admin = (): Client =>
    createClient({ baseUrl: url, key: readFileSync(path.join(options.dataDir, "admin.key"), "utf8").trim() });
  return {
    url,
    dataDir: options.dataDir,
    ownEnds,
    spawn: start,
    admin,
    client: (key) => createClient({ baseUrl: url, key }),
    untilHealthy: async () => {
      const before = ownEnds.length;
      const healthy = await until(startMaxMs, async () => {
        if (ownEnds.length > before) throw new Error(`The server ended by itself: ${ownEnds.at(-1) ?? ""}`);
        const health = await createClient({ baseUrl: url }).readHealth({}, { signal: AbortSignal.timeout(2000) });
        return ready && health.ok;
      });
      if (!healthy) throw new Error(`The server was not healthy within ${startMaxMs} ms. It said: ${said}`);
    },
    kill: async () => {
      asked = true;
      const gone = child;
      if (!gone || gone.exitCode !== null || gone.signalCode !== null) return;
      const ended = new Promise<void>((resolve) => void gone.once("exit", () => resolve()));
      gone.kill("SIGKILL");
      await ended;
    },
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
  };
}

/** Looks every 50 ms; a look that throws counts as no, unless the process has ended. */
export async function until(ms: number, look: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    // oxlint-disable-next-line no-await-in-loop -- waiting between looks is the purpose
    const good = await look().catch((error: unknown) => {
      if (error instanceof Error && error.message.startsWith("The server ended")) throw error;
      return false;
    });
    if (good) return true;
    // oxlint-disable-next-line no-await-in-loop -- as above
    await sleep(50);
  }
  return false;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** The embedded database of a data folder, as the operating system and as SQL see it. */
export type DatabaseProcess = {
  /** The postmaster and everything below it; empty when it is down. */
  readonly pids: () => number[];
  /** How many processes were aimed at; 0 when it is down. */
  readonly signal: (name: "SIGKILL" | "SIGSTOP" | "SIGCONT", which?: "all" | "postmaster") => number;
  readonly query: <R extends pg.QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<R[]>;
  /** For other processes that are to use the same database. */
  readonly databaseUrl: () => string;
  readonly stop: () => Promise<void>;
};

export function databaseOf(dataDir: string): DatabaseProcess {
  const place = placeIn(path.join(dataDir, "postgres"));
  const postmaster = (table: readonly Entry[]): number | undefined => {
    try {
      const pid = Number(readFileSync(path.join(place.dataDir, "postmaster.pid"), "utf8").split("\n", 1)[0]);
      return table.find((entry) => entry.pid === pid && entry.command.includes(place.dataDir))?.pid;
    } catch {
      return undefined;
    }
  };
  const pids = (): number[] => {
    const table = readProcesses();
    const head = postmaster(table);
    return head === undefined ? [] : [head, ...table.filter((one) => one.parent === head).map((one) => one.pid)];
  };
  const connection = { host: place.socketDir, port: 5432, user: "airworthy", database: "airworthy", ssl: false };
  return {
    pids,
    signal: (name, which = "all") => {
      const aimed = which === "all" ? pids() : pids().slice(0, 1);
      for (const pid of aimed) {
        try {
          process.kill(pid, name);
        } catch {
          // It ended by itself in between.
        }
      }
      return aimed.length;
    },
    query: async <R extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) => {
      const client = new pg.Client(connection);
      await client.connect();
      try {
        return (await client.query<R>(text, [...values])).rows;
      } finally {
        await client.end();
      }
    },
    databaseUrl: () =>
      `postgres://${connection.user}@/${connection.database}?host=${encodeURIComponent(connection.host)}&port=5432`,
    stop: async () => {
      const pid = postmaster(readProcesses());
      if (pid !== undefined) await stopServer(place, pid);
    },
  };
}

type Entry = { readonly pid: number; readonly parent: number; readonly command: string };

/** Linux without ps is common, so /proc is read directly there. */
function readProcesses(): Entry[] {
  if (process.platform !== "linux") {
    const lines = execFileSync("ps", ["-axww", "-o", "pid=,ppid=,command="], { encoding: "utf8" }).split("\n");
    return lines.flatMap((line) => {
      const [, pid, parent, command = ""] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
      return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
    });
  }
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
        return [{ pid: Number(name), parent, command: readFileSync(`/proc/${name}/cmdline`, "utf8") }];
      } catch {
        return []; // It ended between the listing and the look.
      }
    });
}
