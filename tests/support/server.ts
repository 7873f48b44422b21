/** A whole server for one test file: real doors, real database, a configuration written for the test. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { createClient, type Client } from "@airworthy/sdk";
import { startServer, type RunningServer } from "@airworthy/server";
import type pg from "pg";

import { testDatabase } from "./database.ts";

export type TestServer = {
  readonly url: string;
  readonly dataDir: string;
  readonly configDir: string;
  readonly connection: pg.PoolConfig;
  readonly databaseUrl: string;
  /** The local administrator. */
  readonly admin: Client;
  /** A client and the bare key of an agent or person of the configuration. */
  readonly agent: (name: string) => Promise<{ client: Client; key: string }>;
  readonly person: (name: string) => Promise<{ client: Client; key: string }>;
  /** Publishes other files in place of those given before. */
  readonly apply: (files: Readonly<Record<string, string>>) => Promise<void>;
  /** Closes the server and starts it again on the same data. */
  readonly restart: () => Promise<void>;
  /** A second node on the same database. */
  readonly another: () => Promise<RunningServer & { readonly admin: Client; readonly client: (key: string) => Client }>;
  readonly close: () => Promise<void>;
};
export type TestServerOptions = {
  readonly files: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly holdMs?: number;
  readonly freshness?: boolean;
};

export async function startTestServer(options: TestServerOptions): Promise<TestServer> {
  const database = await testDatabase();
  const folder = mkdtempSync(path.join(tmpdir(), "airworthy-walk-"));
  const configDir = path.join(folder, "config");
  const databaseUrl = databaseUrlOf(database.connection);
  write(configDir, options.files);
  const start = (dataDir: string, withConfig: boolean): Promise<RunningServer> =>
    startServer({
      dataDir,
      ...(withConfig ? { configDir } : {}),
      port: 0,
      holdMs: options.holdMs ?? 300,
      freshness: options.freshness ?? true,
      env: { ...options.env, DATABASE_URL: databaseUrl, AIRWORTHY_LOG_LEVEL: "silent" },
    });
  const dataDir = path.join(folder, "data");
  let server = await start(dataDir, true);
  const others: RunningServer[] = [];
  const adminOf = (url: string, dir: string): Client =>
    createClient({ baseUrl: url, key: readFileSync(path.join(dir, "admin.key"), "utf8").trim() });
  const key = async (kind: "agent" | "person", name: string) => {
    const made = await adminOf(server.url, dataDir).createKey({ for: { kind, name } });
    return { client: createClient({ baseUrl: server.url, key: made.key }), key: made.key };
  };
  return {
    get url() {
      return server.url;
    },
    get admin() {
      return adminOf(server.url, dataDir);
    },
    dataDir,
    configDir,
    connection: database.connection,
    databaseUrl,
    agent: (name) => key("agent", name),
    person: (name) => key("person", name),
    apply: async (files) => {
      const admin = adminOf(server.url, dataDir);
      const list = Object.entries(files).map(([file, text]) => ({ path: file, text }));
      const plan = await admin.planConfig({ files: list });
      await admin.applyConfig({ files: list, base: plan.base, digest: plan.digest });
    },
    restart: async () => {
      await server.close();
      server = await start(dataDir, false);
    },
    another: async () => {
      const dir = path.join(folder, `node-${others.length + 2}`);
      const node = await start(dir, false);
      others.push(node);
      return {
        ...node,
        admin: adminOf(node.url, dir),
        client: (agentKey: string) => createClient({ baseUrl: node.url, key: agentKey }),
      };
    },
    close: async () => {
      await Promise.all([server, ...others].map((one) => one.close()));
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function write(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [file, text] of Object.entries(files)) {
    const full = path.join(dir, file);
    mkdirSync(path.dirname(full), { recursive: true });
    writeFileSync(full, text);
  }
}

export function databaseUrlOf(connection: pg.PoolConfig): string {
  if (connection.connectionString !== undefined) return connection.connectionString;
  const { user, database, host, port } = connection;
  return `postgres://${user}@/${database}?host=${encodeURIComponent(host ?? "")}&port=${port ?? 5432}`;
}
