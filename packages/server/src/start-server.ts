/** Starts a server: store, app, doors and background work; and takes it all down again in order. */
import { createServer, type Server } from "node:http";

import { AirworthyError } from "@airworthy/contract";
import { getRequestListener } from "@hono/node-server";

import { type App, createApp } from "./app.ts";
import { defaultTenant } from "./doors/api/identity.ts";
import { readServerConfig, type ServerConfig, type ServerOptions } from "./kernel/config.ts";
import { createLog } from "./kernel/log.ts";
import { publishFolder } from "./publish-folder.ts";
import { signCheckpoints, startBackground } from "./start-background.ts";
import { openDataFolder } from "./store/data-folder.ts";
import { openStore } from "./store/open-store.ts";
import { ensureTenantRows } from "./store/snapshots.ts";

export type RunningServer = {
  readonly url: string;
  readonly close: () => Promise<void>;
};

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
  const { db } = store;
  const { signer } = folder;
  // What the last calls wrote is signed too, for every tenant; without a store there is nothing to sign.
  onClose(() => signCheckpoints({ db, signer, log }).catch(() => undefined));
  onClose(app.close);
  let background: ReturnType<typeof startBackground> | undefined;
  onClose(() => background?.stop());
  // Before anything is published: a start that cannot listen must not change what another one serves.
  const server = await listen(app, config);
  onClose(() => stopListening(server));
  const { configDir, onProgress } = config;
  if (configDir !== undefined) await publishFolder(app, { tenant: defaultTenant, configDir, onProgress });
  const { recover, recalls, sources, watcher } = app;
  background = startBackground({ recover, recalls, sources, watcher, db, signer, log });
  const url = addressOf(server, config);
  folder.announce({ url, pid: process.pid });
  onClose(() => folder.withdraw(process.pid));
  return url;
}

async function listen(app: App, { port, host }: ServerConfig): Promise<Server> {
  const api = getRequestListener(app.api.fetch, { overrideGlobalObjects: false });
  const server = createServer((request, response) => {
    const path = request.url?.split("?", 1)[0];
    if (path === "/mcp") app.mcp(request, response);
    else if (path?.startsWith("/events/") === true) app.events(request, response);
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
