/** The small shop and a whole server before it, with handles to hold an upstream's answer and to look into the store. */
import { createClient, type Client } from "@airworthy/sdk";
import pg from "pg";

import { startTestServer, type TestServer, type TestServerOptions } from "./server.ts";
import { shopFiles } from "./shop.ts";
import { startUpstream, type Received, type Reply, type Upstream } from "./upstream.ts";

export type Desk = {
  readonly shop: Upstream;
  readonly server: TestServer;
  /** What the shop's record of an account says; `active` where nothing is set. */
  readonly status: Record<string, string>;
  /** Looks at each request before it is answered: may delay it, or answer in its place. */
  interfere: (request: Received) => Promise<Reply | undefined> | Reply | undefined;
  /** The same key at wherever the server answers now, after a restart too. */
  readonly client: (key: string) => Client;
  readonly sql: <R extends pg.QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<R[]>;
  /** The writes that carried this value in their body. */
  readonly effects: (field: string, value: string) => Received[];
  readonly close: () => Promise<void>;
};

export async function openDesk(options: Partial<TestServerOptions> = {}): Promise<Desk> {
  const status: Record<string, string> = {};
  const desk = { status, interfere: (() => undefined) as Desk["interfere"] };
  const shop = await startUpstream(async (request) => (await desk.interfere(request)) ?? answer(request));
  function answer({ method, path, query }: Received): Reply {
    if (method === "POST") return { status: 201, body: { id: `made-${shop.received.length}` } };
    if (path === "/effects") {
      const found = shop.writes().filter(({ body }) => (body as { text?: string }).text === query["key"]);
      return { body: { effects: found.map(({ body }) => body) } };
    }
    if (path === "/accounts") {
      const accounts = Object.entries(status).map(([id, value]) => ({ id, status: value }));
      return { body: { asOf: new Date().toISOString(), accounts } };
    }
    const id = decodeURIComponent(path.split("/")[2] ?? "");
    return { body: { id, status: status[id] ?? "active" } };
  }
  const server = await startTestServer({
    ...options,
    files: options.files ?? shopFiles,
    env: { SHOP_URL: shop.url, SHOP_KEY: "shop-key-1", ...options.env },
  });
  const pool = new pg.Pool({ ...server.connection, max: 2 });
  pool.on("error", () => undefined);
  return Object.assign(desk, {
    shop,
    server,
    client: (key: string) => createClient({ baseUrl: server.url, key }),
    sql: async <R extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) =>
      (await pool.query<R>(text, [...values])).rows,
    effects: (field: string, value: string) =>
      shop.writes().filter(({ body }) => (body as Record<string, unknown>)[field] === value),
    close: async () => {
      await pool.end();
      await server.close();
      await shop.close();
    },
  });
}

export type Gate = { readonly pass: () => Promise<void>; readonly arrived: Promise<void>; readonly open: () => void };

/** Holds whoever passes until it is opened; `arrived` resolves when the first one stands before it. */
export function createGate(): Gate {
  let open: () => void = () => undefined;
  let arrive: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  return {
    arrived,
    open,
    pass: () => {
      arrive();
      return opened;
    },
  };
}

/** Looks again and again until the look gives something; the test's own time limit ends it otherwise. */
export async function eventually<T>(look: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await pause(25);
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export const refund = (account: string, amountMinor: number, invoice = `inv-${account}`) => ({
  tool: "shop.refund",
  arguments: { account, invoice, amountMinor },
});
