/** Starts a server: store, app, doors and background work; and takes it all down again in order. */
import { createServer, type Server } from "node:http";

import { AirworthyError } from "@airworthy/contract";
import { getRequestListener } from "@hono/node-server";

import { type App, createApp } from "./app.ts";
import { compileBundle } from "./controlplane/registry/compile.ts";
import { readFolder } from "./controlplane/registry/read-folder.ts";
import { renderFindings } from "./controlplane/registry/render-findings.ts";
import { recoverInterrupted, walkDecided } from "./dataplane/recover.ts";
import { defaultTenant } from "./doors/api/identity.ts";
import { readServerConfig, type ServerConfig, type ServerOptions } from "./kernel/config.ts";
import { createLog, type Log } from "./kernel/log.ts";
import { type DataFolder, openDataFolder } from "./store/data-folder.ts";
import { writeCheckpoint } from "./store/checkpoints.ts";
import { openStore } from "./store/open-store.ts";
import { ensureTenantRows } from "./store/snapshots.ts";
import { forgetObservations } from "./store/observations.ts";
import { refreshStatistics } from "./store/refresh-statistics.ts";
import type { Database } from "./store/database.ts";

export type RunningServer = {
  readonly url: string;
  readonly close: () => Promise<void>;
};

const recoverEveryMs = 500;
const checkpointEveryMs = 5000;
const statisticsEveryMs = 2000;
const forgetEveryMs = 3_600_000;
const observationsKeptMs = 7 * 86_400_000;
/** A graceful close waits this long for calls under way; what is then still running is recovered by the next start. */
const drainMs = 10_000;

/** What was opened is closed again in reverse, also when the start fails half-way: nothing of ours goes on running then. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const opened: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop -- each rests on those opened before it
    for (let last = opened.pop(); last; last = opened.pop()) await last();
  };
  try {
    const url = await openServer(readServerConfig(options), (undo) => void opened.push(undo));
    return { url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openServer(config: ServerConfig, onClose: (undo: () => unknown) => void): Promise<string> {
  const log = createLog(config.logLevel);
  const folder = openDataFolder(config.dataDir);
  const store = await openStore(config);
  onClose(store.close);
  await ensureTenantRows(store.db, defaultTenant);
  const app = await createApp({ config, db: store.db, folder, log, onStoreLost: () => void store.revive() });
  onClose(() => writeCheckpoint(store.db, defaultTenant, folder.signer).catch(() => undefined));
  onClose(app.close);
  let background: ReturnType<typeof startBackground> | undefined;
  onClose(() => background?.stop());
  // Before anything is published: a start that cannot listen must not change what another one serves.
  const server = await listen(app, config);
  onClose(() => stopListening(server));
  if (config.configDir !== undefined) await publishFolder(app, config.configDir);
  background = startBackground({ app, db: store.db, folder, log });
  const url = addressOf(server, config);
  folder.announce({ url, pid: process.pid });
  onClose(() => folder.withdraw(process.pid));
  return url;
}

async function publishFolder(app: App, configDir: string): Promise<void> {
  const files = await readFolder(configDir);
  const { snapshot: content, findings } = await compileBundle(defaultTenant, files);
  if (!content) {
    throw new AirworthyError("invalid_input", `${configDir} does not validate.\n${renderFindings(findings, files)}`, {
      fix: "Mend what is named and start again; `airworthy check` says it without a server.",
    });
  }
  const { snapshot: live } = await app.control.view(defaultTenant);
  const base = { version: live.version, digest: live.digest };
  await app.snapshots.publish(defaultTenant, { content, files, base, by: "start" });
  await app.control.refresh(defaultTenant);
}

async function listen(app: App, { port, host }: ServerConfig): Promise<Server> {
  const api = getRequestListener(app.api.fetch, { overrideGlobalObjects: false });
  const server = createServer((request, response) => {
    const path = request.url?.split("?", 1)[0];
    if (path === "/mcp") app.mcp(request, response);
    else void api(request, response);
  });
  // Held calls and long uploads of hostile clients end by these; a held MCP call is answered long before.
  server.requestTimeout = 60_000;
  server.headersTimeout = 15_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(cannotListen(error, { port, host })));
    server.listen(port, host, resolve);
  });
  return server;
}

function cannotListen(cause: Error, { port, host }: { port: number; host: string }): AirworthyError {
  const taken = "code" in cause && cause.code === "EADDRINUSE";
  const why = taken ? "something else listens there" : cause.message;
  return new AirworthyError("unavailable", `Cannot listen on ${host}:${port}: ${why}.`, {
    cause,
    fix: "Choose another port with --port; 0 takes a free one.",
  });
}

function addressOf(server: Server, { host }: ServerConfig): string {
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

async function stopListening(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearTimeout(timer);
}

type Background = { readonly app: App; readonly db: Database; readonly folder: DataFolder; readonly log: Log };

/** Work that no request waits for. Each kind runs again a while after it has ended, never twice at once. */
function startBackground({ app, db, folder, log }: Background): { stop: () => Promise<void> } {
  const tenants = async (): Promise<string[]> =>
    (await db.query<{ tenant: string }>({ text: "select tenant from tenants" })).map((row) => row.tenant);
  const loops = [
    loop(recoverEveryMs, () => walkDecided(app.recover)),
    loop(recoverEveryMs, () => recoverInterrupted(app.recover)),
    loop(checkpointEveryMs, async () => {
      for (const tenant of await tenants()) await writeCheckpoint(db, tenant, folder.signer);
    }),
    loop(statisticsEveryMs, () => refreshStatistics(db)),
    loop(forgetEveryMs, async () => {
      for (const tenant of await tenants()) await forgetObservations(db, tenant, observationsKeptMs);
    }),
  ];
  function loop(everyMs: number, work: () => Promise<void>): { stop: () => Promise<void> } {
    let stopped = false;
    let timer: NodeJS.Timeout | undefined;
    let running: Promise<void> = Promise.resolve();
    const run = (): void => {
      running = work()
        .catch((error: unknown) => {
          const quiet = error instanceof AirworthyError && error.retryable;
          if (!quiet) log.error({ err: error }, "background work failed");
        })
        .then(() => {
          if (!stopped) timer = setTimeout(run, everyMs);
        });
    };
    run();
    return {
      stop: async () => {
        stopped = true;
        clearTimeout(timer);
        await running;
      },
    };
  }
  return {
    stop: async () => {
      await Promise.all(loops.map((one) => one.stop()));
    },
  };
}
