/** The child programs of the benchmarks: upstreams that answer at once, and the proxies that the product is compared with. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";

import type { JsonObject } from "@airworthy/contract";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { toNodeHandler, type NodeIncomingMessageLike } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { Pool } from "undici";
import { z } from "zod";

import { openMcpUpstream } from "../packages/server/src/dataplane/5-execution/connectors/mcp-upstream.ts";
import { createMcpDoor } from "../packages/server/src/doors/mcp/door.ts";
import { isJsonObject } from "../packages/server/src/kernel/json.ts";
import { echo, info, look, revision } from "./mcp-tools.ts";

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(request, "end");
  return Buffer.concat(chunks);
}

function sendJson(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}

/** A system of record that has nothing to do but to say yes. */
function serveHttp(): RequestListener {
  return (request, response) => {
    const account = request.method === "GET" ? /^\/accounts\/([^?]+)/.exec(request.url ?? "")?.[1] : undefined;
    void readBody(request).then(() =>
      sendJson(response, account === undefined ? '{"ok":true}' : `{"id":"${account}","status":"active"}`),
    );
  };
}

/** As little as a proxy can be: no key, no policy, no record. */
function servePass(upstreamUrl: string): RequestListener {
  const pool = new Pool(upstreamUrl, { connections: 128 });
  return (request, response) => {
    const { method = "GET", url = "/" } = request;
    const headers = { "content-type": request.headers["content-type"] ?? "application/json" };
    const send = (body: Buffer): boolean =>
      pool.dispatch(
        { path: url, method: method === "GET" ? "GET" : "POST", headers, body: body.length > 0 ? body : null },
        {
          onRequestStart: () => undefined,
          onResponseStart: (_, status) => void response.writeHead(status, { "content-type": "application/json" }),
          onResponseData: (_, chunk) => void response.write(chunk),
          onResponseEnd: () => void response.end(),
          onResponseError: () => void response.destroy(),
        },
      );
    void readBody(request).then(send);
  };
}

type EchoRequest = {
  readonly id: number;
  readonly method: string;
  readonly params: { readonly arguments?: { readonly text?: string } };
};

/** The hand-written MCP server: as little as one can be, so that what is measured is the way to it. */
function serveEcho(): RequestListener {
  const capabilities = { tools: {} };
  const results: Record<string, JsonObject> = {
    "server/discover": { supportedVersions: [revision], capabilities, ttlMs: 0, cacheScope: "private" },
    "tools/list": { tools: [echo, look], ttlMs: 0, cacheScope: "private" },
  };
  return (request, response) => {
    void readBody(request).then((body) => {
      const message: EchoRequest = JSON.parse(body.toString());
      const { id, method, params } = message;
      const called = { content: [{ type: "text", text: params.arguments?.text ?? "" }] };
      sendJson(
        response,
        JSON.stringify({ jsonrpc: "2.0", id, result: { resultType: "complete", ...(results[method] ?? called) } }),
      );
    });
  };
}

/** Our door and our upstream, without any governing in between. */
function serveThin(upstreamUrl: string): RequestListener {
  const upstream = openMcpUpstream({ url: upstreamUrl, headers: {} });
  return createMcpDoor({
    authenticate: () => Promise.resolve("bench"),
    listTools: () => upstream.listTools(),
    findTool: async (_caller, name) => (await upstream.listTools()).find((tool) => tool.name === name),
    async callTool(_caller, call, sink) {
      const sending = { timeoutMs: 10_000, dispatchBeforeMonoMs: Infinity, idempotencyKey: "bench", sink };
      const answer = await upstream.callTool({ ...call, ...sending });
      if (answer.kind !== "answered" || !isJsonObject(answer.result)) throw new Error(`not answered: ${answer.kind}`);
      return answer.result;
    },
    forward: () => Promise.resolve(undefined),
    features: () => Promise.resolve({ tools: {} }),
    serverInfo: info,
  });
}

/** A proxy as one would build it of the official SDK: its server in front, its client behind. */
async function serveSdk(upstreamUrl: string): Promise<RequestListener> {
  const client = new Client(info, { versionNegotiation: { mode: { pin: revision } } });
  await client.connect(new StreamableHTTPClientTransport(new URL(upstreamUrl)));
  const handler = createMcpHandler(() => {
    const server = new McpServer(info);
    server.registerTool(
      echo.name,
      { description: echo.description, inputSchema: z.object({ text: z.string() }) },
      async (input) => client.callTool({ name: echo.name, arguments: input }),
    );
    return server;
  });
  const serve = toNodeHandler(handler);
  return (request, response) => {
    // The adapter's types want absent members, where node:http has undefined ones.
    const { headers, method = "POST", url = "/" } = request;
    const adapted: NodeIncomingMessageLike = {
      headers,
      method,
      url,
      [Symbol.asyncIterator]: () => request[Symbol.asyncIterator](),
    };
    void serve(adapted, response);
  };
}

const listeners = {
  http: serveHttp,
  pass: servePass,
  echo: serveEcho,
  thin: serveThin,
  sdk: serveSdk,
} as const satisfies Record<string, (upstreamUrl: string) => RequestListener | Promise<RequestListener>>;
/** What a peer is started as. */
export type Peer = keyof typeof listeners;

const isPeer = (what: string): what is Peer => Object.hasOwn(listeners, what);

async function servePeer([what = "", upstreamUrl = ""]: readonly string[]): Promise<void> {
  if (!isPeer(what)) throw new Error(`no such peer: ${what}`);
  const server = createServer(await listeners[what](upstreamUrl)).listen(0, "127.0.0.1");
  await once(server, "listening");
  process.on("disconnect", () => process.exit(0));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  process.send?.(`http://127.0.0.1:${address.port}`);
}

await servePeer(process.argv.slice(2));
