/** Certificate login and a proxy on the way: HTTP, MCP and SQL connectors against real TLS servers and a real CONNECT proxy. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import path from "node:path";
import type { TLSSocket, TlsOptions as ServerTls } from "node:tls";

import type { HttpConnector, JsonObject, McpConnector } from "@airworthy/contract";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { createHttpConnector } from "../../packages/server/src/dataplane/5-execution/connectors/http.ts";
import { createMcpConnector } from "../../packages/server/src/dataplane/5-execution/connectors/mcp.ts";
import { readPem, readSecret } from "../../packages/server/src/dataplane/5-execution/connectors/secrets.ts";
import { createSqlConnector } from "../../packages/server/src/dataplane/5-execution/connectors/sql.ts";
import type { ConnectorAnswer, ConnectorCall } from "../../packages/server/src/kernel/deps.ts";
import { createPeers } from "../../packages/server/src/kernel/network/create-peers.ts";
import { makeCertificates, type Certificates, type Pair } from "../support/certificates.ts";
import { startConnectProxy, type ConnectProxy } from "../support/connect-proxy.ts";
import { testDatabase } from "../support/database.ts";
import { installed } from "../support/installed.ts";
import { startMariadb } from "../support/mariadb.ts";
import { connectTo, deadPort, sqlCallOf } from "../support/sql-calls.ts";
import { startTlsFront } from "../support/tls-front.ts";

const openssl = installed("openssl", "openssl");
const mariadbd = installed("mariadbd", "mariadb-server");
const proxyAuth = "airworthy:hunter2-hunter2";
const env = { CRM_TOKEN: "s3cret-s3cret", PROXY_AUTH: proxyAuth, WRONG_AUTH: "airworthy:hunter3-hunter3" };

let made: Certificates;
let proxy: ConnectProxy;
const cleanups: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that lets nobody in without a certificate of our authority. */
async function startTls(answer: Answer, own: Pair = made.server, more: ServerTls = {}): Promise<number> {
  const server: Server = createServer(
    { cert: own.cert, key: own.key, ca: made.ca.cert, requestCert: true, rejectUnauthorized: true, ...more },
    answer,
  );
  server.on("tlsClientError", () => undefined);
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** OpenSSL's own server: unlike Node's, it says by an alert why it lets nobody in. */
async function startOpenssl(): Promise<number> {
  const { server: own, ca } = made;
  const port = await deadPort();
  const certificates = ["-cert", own.certFile, "-key", own.keyFile, "-CAfile", ca.certFile];
  const server = spawn("openssl", [
    "s_server",
    "-accept",
    `127.0.0.1:${port}`,
    ...certificates,
    "-Verify",
    "1",
    "-verify_return_error",
  ]);
  cleanups.push(async () => {
    const gone = once(server, "exit");
    server.kill();
    await gone;
  });
  for await (const chunk of server.stdout) if (String(chunk).includes("ACCEPT")) break;
  return port;
}

const fileOf = (pair: Pair) => ({ cert: { file: pair.certFile }, key: { file: pair.keyFile } });
const throughProxy = (auth = "PROXY_AUTH") => ({ url: proxy.url, auth: { env: auth } });

function callOf(
  connector: Partial<HttpConnector>,
  effect: "read" | "write" = "write",
  args: JsonObject = {},
): ConnectorCall {
  const request = effect === "read" ? { method: "GET", path: "/{id}" } : { method: "POST", path: "/do", body: ["id"] };
  const auth = { header: "Authorization", prefix: "Bearer", value: { env: "CRM_TOKEN" } };
  const document = { name: "crm", type: "http", auth, tools: [], ...connector };
  return {
    tenant: "acme",
    snapshot: { connectors: { crm: document } },
    tool: { name: "crm.do", connector: "crm", effect, definition: { name: "crm.do", effect, input: {}, request } },
    arguments: args,
    idempotencyKey: "act_1",
    timeoutMs: 20_000,
    dispatchBeforeMonoMs: performance.now() + 60_000,
  } as unknown as ConnectorCall;
}

function open() {
  const http = createHttpConnector({ env, guard: { tries: 1 } });
  cleanups.push(() => http.close());
  return http;
}

const sound: Answer = (_, response) => response.writeHead(200, { "content-type": "application/json" }).end("{}");

describe.skipIf(openssl === undefined)("certificates and a proxy", () => {
  beforeAll(async () => {
    made = makeCertificates();
    proxy = await startConnectProxy(proxyAuth);
  });
  afterAll(async () => {
    await proxy?.close();
    made?.remove();
  });

  it("are used for plain HTTP too", async () => {
    const server = createTcpServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\n7"));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanups.push(() => void server.close());
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await open().call(callOf({ baseUrl, proxy: throughProxy() }))).toEqual({ kind: "answered", result: 7 });
    expect(proxy.asked.at(-1)).toBe(new URL(baseUrl).host);
  });

  describe("a login that fails", () => {
    const trusted = () => ({ ca: { file: made.ca.certFile } });
    const secrets = () => [
      ...[made.client, made.strangeClient].map(({ key }) => key.split("\n")[1] ?? ""),
      "hunter2",
      Buffer.from(proxyAuth).toString("base64"),
    ];
    const refused = async (connector: Partial<HttpConnector>, own?: Pair): Promise<ConnectorAnswer> => {
      let reached = 0;
      const port = await startTls((request, response) => {
        reached += 1;
        sound(request, response);
      }, own);
      const answer = await open().call(callOf({ baseUrl: `https://localhost:${port}`, ...connector }));
      expect(reached).toBe(0);
      for (const secret of secrets()) expect(JSON.stringify(answer)).not.toContain(secret);
      return answer;
    };
    const about = (text: string) => expect.stringContaining(text) as string;

    it.each([
      ["without a certificate", () => undefined],
      ["with a certificate of a strange authority", () => made.strangeClient],
    ])("%s, at a server that says so, is told, and nothing was done", async (_, own) => {
      const port = await startOpenssl();
      const pair = own();
      const tls = { ...trusted(), ...(pair === undefined ? {} : fileOf(pair)) };
      const answer = await open().call(callOf({ baseUrl: `https://localhost:${port}`, tls }));
      expect(answer).toMatchObject({ kind: "unsent", detail: about("refused our certificate: look at tls.cert") });
    });

    it("without a certificate is told by a server of Node too", async () => {
      const answer = await refused({ tls: trusted() });
      expect(answer).toMatchObject({ kind: "unsent", detail: about("refused our certificate: look at tls.cert") });
    });

    it("with a strange certificate, at a server that hangs up without a word, is in doubt and hints at it", async () => {
      const answer = await refused({ tls: { ...trusted(), ...fileOf(made.strangeClient) } });
      expect(answer).toMatchObject({ kind: "ambiguous", detail: about("look at tls.cert") });
    });

    it("with an expired one of ours never begins", async () => {
      const answer = await refused({ tls: { ...trusted(), ...fileOf(made.expiredClient) } });
      expect(answer).toMatchObject({
        kind: "unsent",
        detail: about("Connector crm, tls.cert: The certificate expired"),
      });
    });

    it("with a key of another certificate never begins", async () => {
      const key = { file: made.strangeClient.keyFile };
      const answer = await refused({ tls: { ...trusted(), ...fileOf(made.client), key } });
      expect(answer).toMatchObject({ kind: "unsent", detail: about("Connector crm, tls.key") });
    });

    it("with files that are missing, or hold something else, never begins", async () => {
      const gone = await refused({
        tls: { ...fileOf(made.client), cert: { file: path.join(made.folder, "none.pem") } },
      });
      expect(gone).toMatchObject({ kind: "unsent", detail: about("none.pem") });
      const swapped = await refused({
        tls: { cert: { file: made.client.keyFile }, key: { file: made.client.certFile } },
      });
      expect(swapped).toMatchObject({ kind: "unsent", detail: about("tls.cert") });
      const half = await refused({ tls: { key: { file: made.client.keyFile } } });
      expect(half).toMatchObject({ kind: "unsent", detail: about("go together") });
    });

    it.each([
      ["expired", () => made.expiredServer, "the server's certificate has expired"],
      ["of another name", () => made.otherName, "tls.serverName"],
    ])("at a server whose certificate is %s is given up", async (_, own, text) => {
      const answer = await refused({ tls: { ...trusted(), ...fileOf(made.client) } }, own());
      expect(answer).toMatchObject({ kind: "unsent", detail: about(text) });
    });

    it("at a server for which nobody vouches is given up", async () => {
      const answer = await refused({ tls: fileOf(made.client) });
      expect(answer).toMatchObject({ kind: "unsent", detail: about("tls.ca") });
    });

    it("at the proxy, or by the proxy, is told", async () => {
      const tls = { ...trusted(), ...fileOf(made.client) };
      const wrong = await refused({ tls, proxy: throughProxy("WRONG_AUTH") });
      expect(wrong).toMatchObject({ kind: "unsent", detail: about("proxy.auth") });
      proxy.refuse = 403;
      cleanups.push(() => void (proxy.refuse = undefined));
      const no = await refused({ tls, proxy: throughProxy() });
      expect(no).toMatchObject({ kind: "unsent", detail: about("PROXY_403") });
      const away = await refused({ tls, proxy: { url: `http://127.0.0.1:${await deadPort()}` } });
      expect(away).toMatchObject({ kind: "unsent", detail: about("proxy.url") });
      const inUrl = await refused({ tls, proxy: { url: proxy.url.replace("//", `//${proxyAuth}@`) } });
      expect(inUrl).toMatchObject({ kind: "unsent", detail: about("proxy.url") });
    });
  });

  it("take the name that is said, and a certificate that was renewed, without a restart", async () => {
    const port = await startTls((request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate();
      response.writeHead(200, { connection: "close" }).end(JSON.stringify(subject.CN));
    }, made.otherName);
    const [cert, key] = [path.join(made.folder, "rotated.pem"), path.join(made.folder, "rotated.key")];
    const tls = {
      ca: { file: made.ca.certFile },
      cert: { file: cert },
      key: { file: key },
      serverName: "other.example",
    };
    const call = callOf({ baseUrl: `https://127.0.0.1:${port}`, tls });
    const http = open();
    for (const [name, pair] of [
      ["client", made.client],
      ["server", made.server],
    ] as const) {
      copyFileSync(pair.certFile, cert);
      copyFileSync(pair.keyFile, key);
      expect(await http.call(call)).toEqual({ kind: "answered", result: name });
    }
  });

  it("bring MCP to a server over HTTP", async () => {
    const port = await startTls((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { id, method } = JSON.parse(Buffer.concat(chunks).toString()) as { id: number; method: string };
        const tools = [{ name: "echo", inputSchema: { type: "object" } }];
        const result = method === "tools/list" ? { tools } : { content: [{ type: "text", text: "done" }] };
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify({ jsonrpc: "2.0", id, result }));
      });
    });
    const text = (ref: Parameters<typeof readPem>[0]) => readPem(ref, env);
    const peers = createPeers({ text, fill: (url) => url, now: Date.now });
    const mcp = createMcpConnector({ secret: (ref) => readSecret(ref, env), peers, guard: { tries: 1 } });
    cleanups.push(() => mcp.close());
    const url = `https://localhost:${port}/mcp`;
    const offersOf = (connector: Partial<McpConnector>) =>
      mcp.offers({ name: "files", type: "mcp", url, tools: [], ...connector } as unknown as McpConnector);
    const tls = { ca: { file: made.ca.certFile }, ...fileOf(made.client) };
    expect((await offersOf({ tls, proxy: throughProxy() })).map(({ definition }) => definition.name)).toEqual(["echo"]);
    await expect(offersOf({ tls: { ca: tls.ca }, proxy: throughProxy() })).rejects.toThrowError(/tls\.cert/);
    await expect(offersOf({ tls: fileOf(made.client) })).rejects.toThrowError(/tls\.ca/);
  });

  it("bring SQL to PostgreSQL", async () => {
    const database = await testDatabase();
    const { host, port, user, password, database: name } = new Client(database.connection);
    const front = await startTlsFront(made, () => connectTo(host, port));
    cleanups.push(() => {
      front.close();
      return database.drop();
    });
    const url = `postgres://${user ?? ""}:${encodeURIComponent(password ?? "")}@localhost:${front.port}/${name ?? ""}`;
    const sql = createSqlConnector({ env: { ...env, ERP_URL: url }, guard: { tries: 1 } });
    cleanups.push(() => sql.close());
    const tls = { ca: { file: made.ca.certFile }, ...fileOf(made.client) };
    const ask = (network: object) => sql.call(sqlCallOf("select 7 as n", {}, { connector: network }));
    expect(await ask({ tls, proxy: throughProxy() })).toMatchObject({ kind: "answered", result: { rows: [{ n: 7 }] } });
    expect(await ask({ tls })).toMatchObject({ kind: "answered" });
    expect((await ask({ tls: { ca: tls.ca }, proxy: throughProxy() })).kind).not.toBe("answered");
    const named = await ask({ tls: { ...tls, serverName: "other.example" } });
    expect(named).toMatchObject({ kind: "unsent", detail: expect.stringContaining("tls.serverName") as string });
    expect(await ask({ tls: { ...tls, serverName: "localhost" } })).toMatchObject({ kind: "answered" });
  });

  it.skipIf(mariadbd === undefined)("bring SQL to MariaDB", async () => {
    const { server: own, ca } = made;
    const files = [`--ssl-ca=${ca.certFile}`, `--ssl-cert=${own.certFile}`, `--ssl-key=${own.keyFile}`];
    const database = await startMariadb(mariadbd ?? "", files);
    cleanups.push(() => database.stop());
    await database.admin.query("alter user agent@'127.0.0.1' require x509");
    const url = database.urlAt(database.port).replace("@127.0.0.1", "@localhost");
    const sql = createSqlConnector({ env: { ...env, ERP_URL: url }, guard: { tries: 1 } });
    cleanups.push(() => sql.close());
    const ask = (network: object) =>
      sql.call(sqlCallOf("select 7 as n", {}, { connector: { dialect: "mysql", ...network } }));
    const tls = { ca: { file: ca.certFile }, ...fileOf(made.client) };
    expect(await ask({ tls, proxy: throughProxy() })).toMatchObject({ kind: "answered", result: { rows: [{ n: 7 }] } });
    expect(await ask({ tls })).toMatchObject({ kind: "answered" });
    expect(await ask({ tls: { ca: tls.ca } })).toMatchObject({ kind: "unsent" });
    expect(await ask({})).toMatchObject({ kind: "unsent" });
    expect((await ask({ tls: fileOf(made.client) })).kind).toBe("unsent");
    const named = await ask({ tls: { ...tls, serverName: "other.example" } });
    expect(named).toMatchObject({ kind: "unsent", detail: expect.stringContaining("tls.serverName") as string });
    const numbers = createSqlConnector({ env: { ERP_URL: database.urlAt(database.port) } });
    cleanups.push(() => numbers.close());
    const unnamed = await numbers.call(sqlCallOf("select 7", {}, { connector: { dialect: "mysql", tls } }));
    expect(unnamed).toMatchObject({ kind: "unsent", detail: expect.stringContaining("whose certificate") as string });
  });
});
