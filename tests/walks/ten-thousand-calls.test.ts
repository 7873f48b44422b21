/** Ten thousand calls of every kind of connector that goes over a network, with certificate login and through a proxy: each once. */
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";

import type { HttpConnector, McpConnector } from "@airworthy/contract";
import type { RowDataPacket } from "mysql2";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createHttpConnector } from "../../packages/server/src/dataplane/5-execution/connectors/http.ts";
import { createMcpConnector } from "../../packages/server/src/dataplane/5-execution/connectors/mcp.ts";
import { readPem, readSecret } from "../../packages/server/src/dataplane/5-execution/connectors/secrets.ts";
import { createSqlConnector } from "../../packages/server/src/dataplane/5-execution/connectors/sql.ts";
import type { ConnectorAnswer, ConnectorCall } from "../../packages/server/src/kernel/deps.ts";
import { createPeers } from "../../packages/server/src/kernel/network/create-peers.ts";
import { type Certificates, makeCertificates } from "../support/certificates.ts";
import { type ConnectProxy, startConnectProxy } from "../support/connect-proxy.ts";
import { testDatabase } from "../support/database.ts";
import { startFreightServer } from "../support/freight-server.ts";
import { installed } from "../support/installed.ts";
import { startMariadb } from "../support/mariadb.ts";
import { connectTo, sqlCallOf } from "../support/sql-calls.ts";
import { startTlsFront } from "../support/tls-front.ts";

const openssl = installed("openssl", "openssl");
const mariadbd = installed("mariadbd", "mariadb-server");
const total = 10_000;
const lanes = 16;
const env = { PROXY_AUTH: "airworthy:hunter2-hunter2" };

let made: Certificates;
let proxy: ConnectProxy;

/** Asks for every number once, sixteen at a time; how many were answered as they should be. */
async function askAll(
  ask: (at: number) => Promise<ConnectorAnswer>,
  expected: (at: number) => unknown,
): Promise<number> {
  let answered = 0;
  const lane = async (from: number): Promise<void> => {
    for (let at = from; at < total; at += lanes) {
      const answer = await ask(at);
      if (answer.kind !== "answered") throw new Error(JSON.stringify(answer));
      if (JSON.stringify(answer.result) === JSON.stringify(expected(at))) answered += 1;
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, from) => lane(from)));
  return answered;
}

const network = () => ({
  tls: { ca: { file: made.ca.certFile }, cert: { file: made.client.certFile }, key: { file: made.client.keyFile } },
  proxy: { url: proxy.url, auth: { env: "PROXY_AUTH" } },
});
const ownTls = () => ({
  cert: made.server.cert,
  key: made.server.key,
  ca: made.ca.cert,
  requestCert: true,
  rejectUnauthorized: true,
});

/** What every connector of these tests is asked through. */
const callOf = (connector: HttpConnector | McpConnector, tool: object): Omit<ConnectorCall, "arguments"> =>
  ({
    tenant: "acme",
    snapshot: { connectors: { [connector.name]: connector } },
    tool: { name: "far.get", connector: connector.name, effect: "read", definition: tool },
    idempotencyKey: "act_1",
    timeoutMs: 20_000,
    dispatchBeforeMonoMs: Infinity,
  }) as unknown as Omit<ConnectorCall, "arguments">;

describe.skipIf(openssl === undefined)("ten thousand calls with a certificate and through a proxy", () => {
  beforeAll(async () => {
    made = makeCertificates();
    proxy = await startConnectProxy(env.PROXY_AUTH);
  });
  afterAll(async () => {
    await proxy?.close();
    made?.remove();
  });

  it("over HTTP", async () => {
    const seen = new Map<string, number>();
    const server = createServer(ownTls(), (request, response) => {
      const id = request.url ?? "";
      seen.set(id, (seen.get(id) ?? 0) + 1);
      const { authorized } = request.socket as TLSSocket;
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ id, authorized }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const http = createHttpConnector({ env, guard: { tries: 1 } });
    const connector = { name: "crm", type: "http", baseUrl: `https://localhost:${port}`, tools: [], ...network() };
    const call = callOf(connector as unknown as HttpConnector, {
      name: "far.get",
      effect: "read",
      input: {},
      request: { method: "GET", path: "/{id}" },
    });
    const before = proxy.asked.length;
    try {
      const answered = await askAll(
        (at) => http.call({ ...call, arguments: { id: `n${at}` } }),
        (at) => ({ id: `/n${at}`, authorized: true }),
      );
      expect(answered).toBe(total);
      expect(seen.size).toBe(total);
      expect([...seen.values()].every((times) => times === 1)).toBe(true);
      const tunnels = proxy.asked.slice(before);
      expect(new Set(tunnels)).toEqual(new Set([`localhost:${port}`]));
      expect(tunnels.length).toBeLessThanOrEqual(64);
    } finally {
      await http.close();
      server.closeAllConnections();
      server.close();
    }
  });

  it("over MCP, to a server on the official SDK", async () => {
    const server = await startFreightServer(ownTls());
    const text = (ref: Parameters<typeof readPem>[0]) => readPem(ref, env);
    const peers = createPeers({ text, fill: (url) => url, now: Date.now });
    const mcp = createMcpConnector({ secret: (ref) => readSecret(ref, env), peers, guard: { tries: 1 } });
    const connector = { name: "freight", type: "mcp", url: server.url, tools: [], ...network() };
    try {
      const offers = await mcp.offers(connector as unknown as McpConnector);
      const pin = offers.find(({ definition }) => definition.name === "quote")?.pin ?? "";
      const tool = { name: "far.get", upstream: "quote", effect: "read", pin };
      const call = callOf({ ...connector, tools: [tool] } as unknown as McpConnector, tool);
      const answered = await askAll(
        async (at) => {
          const answer = await mcp.call({ ...call, arguments: { route: `r${at}` } });
          if (answer.kind !== "answered") return answer;
          return {
            ...answer,
            result: (answer.result as { structuredContent: { route: string } }).structuredContent.route,
          };
        },
        (at) => `r${at}`,
      );
      expect(answered).toBe(total);
      expect(server.calls).toHaveLength(total);
      expect(proxy.asked).toContain(new URL(server.url).host);
    } finally {
      await mcp.close();
      await server.close();
    }
  });

  it("over SQL, to PostgreSQL", async () => {
    const database = await testDatabase();
    const { host, port, user, password, database: name } = new Client(database.connection);
    const front = await startTlsFront(made, () => connectTo(host, port));
    const url = `postgres://${user ?? ""}:${encodeURIComponent(password ?? "")}@localhost:${front.port}/${name ?? ""}`;
    const sql = createSqlConnector({ env: { ...env, ERP_URL: url }, guard: { tries: 1 } });
    const own = new Client(database.connection);
    await own.connect();
    try {
      await own.query("create table parts as select n as id, 'part ' || n as label from generate_series(0, 9999) n");
      await own.query("create unique index on parts (id)");
      const answered = await askAll(
        (id) => sql.call(sqlCallOf("select label from parts where id = :id", { id }, { connector: network() })),
        (id) => ({ rows: [{ label: `part ${id}` }], rowCount: 1 }),
      );
      expect(answered).toBe(total);
      expect(proxy.asked).toContain(`localhost:${front.port}`);
    } finally {
      await own.end();
      await sql.close();
      front.close();
      await database.drop();
    }
  });

  it.skipIf(mariadbd === undefined)("over SQL, to MariaDB", async () => {
    const { server: own, ca } = made;
    const files = [`--ssl-ca=${ca.certFile}`, `--ssl-cert=${own.certFile}`, `--ssl-key=${own.keyFile}`];
    const database = await startMariadb(mariadbd ?? "", files);
    await database.admin.query("alter user agent@'127.0.0.1' require x509; create table parts (id int primary key)");
    const url = database.urlAt(database.port).replace("@127.0.0.1", "@localhost");
    const sql = createSqlConnector({ env: { ...env, ERP_URL: url }, guard: { tries: 1 } });
    try {
      const connector = { dialect: "mysql", ...network() } as const;
      const answered = await askAll(
        (id) => sql.call(sqlCallOf("insert into parts (id) values (:id)", { id }, { connector })),
        () => ({ rows: [], rowCount: 1 }),
      );
      expect(answered).toBe(total);
      const [rows] = await database.admin.query<RowDataPacket[]>("select count(*) as n from erp.parts");
      expect(rows[0]?.["n"]).toBe(total);
      expect(proxy.asked).toContain(`localhost:${database.port}`);
    } finally {
      await sql.close();
      await database.stop();
    }
  });
});
