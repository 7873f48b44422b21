/** What the MCP wire costs: a call made directly, through our door and upstream, and through a proxy of the official SDK. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import type { JsonObject } from "@airworthy/contract";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { toNodeHandler, type NodeIncomingMessageLike } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { Pool } from "undici";
import { z } from "zod";

import { openMcpUpstream } from "../packages/server/src/dataplane/5-execution/connectors/mcp-upstream.ts";
import { createMcpDoor } from "../packages/server/src/doors/mcp/door.ts";
import { isJsonObject } from "../packages/server/src/kernel/json.ts";

const atOnce = 32;
const warmUpMs = 1200;
const measureMs = 1000;
const callsAlone = 400;

const info = { name: "bench", version: "1.0.0" };
const revision = "2026-07-28";
const echo = {
  name: "echo",
  description: "Echoes",
  inputSchema: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
};

type EchoRequest = {
  readonly id: number;
  readonly method: string;
  readonly params: { readonly arguments?: { readonly text?: string } };
};

/** The hand-written upstream: as little as a server can be, so that what is measured is the way to it. */
function serveEcho(): RequestListener {
  const capabilities = { tools: {} };
  const results: Record<string, JsonObject> = {
    "server/discover": { supportedVersions: [revision], capabilities, ttlMs: 0, cacheScope: "private" },
    "tools/list": { tools: [echo], ttlMs: 0, cacheScope: "private" },
  };
  return (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const message: EchoRequest = JSON.parse(Buffer.concat(chunks).toString());
      const { id, method, params } = message;
      const called = { content: [{ type: "text", text: params.arguments?.text ?? "" }] };
      const result = { resultType: "complete", ...(results[method] ?? called) };
      const text = JSON.stringify({ jsonrpc: "2.0", id, result });
      response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
      response.end(text);
    });
  };
}

function serveThin(upstreamUrl: string): RequestListener {
  const upstream = openMcpUpstream({ url: upstreamUrl, headers: {} });
  return createMcpDoor({
    authenticate: () => Promise.resolve("bench"),
    listTools: () => upstream.listTools(),
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

/** The child's part: serves until its parent leaves and tells its use of the processor whenever asked. */
async function serveAsChild(what: string, upstreamUrl: string): Promise<void> {
  const listeners: Record<string, () => RequestListener | Promise<RequestListener>> = {
    echo: serveEcho,
    thin: () => serveThin(upstreamUrl),
    sdk: () => serveSdk(upstreamUrl),
  };
  const create = listeners[what];
  if (!create) throw new Error(`no such server: ${what}`);
  const server = createServer(await create()).listen(0, "127.0.0.1");
  await once(server, "listening");
  process.on("disconnect", () => process.exit(0));
  process.on("message", () => process.send?.(process.cpuUsage()));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  process.send?.(`http://127.0.0.1:${address.port}/mcp`);
}

const cpuUsage = z.object({ user: z.number(), system: z.number() });
type Served = { readonly url: string; readonly child: ChildProcess };

async function start(what: string, upstreamUrl = ""): Promise<Served> {
  const execArgv = ["--conditions=airworthy-source", "--import", "tsx"];
  const child = fork(fileURLToPath(import.meta.url), ["--serve", what, upstreamUrl], { execArgv });
  const url = await once(child, "message").then(([first]: unknown[]) => z.string().parse(first));
  return { url, child };
}

async function cpuMicros(child: ChildProcess): Promise<number> {
  const told = once(child, "message");
  child.send("cpu");
  const { user, system } = cpuUsage.parse((await told)[0]);
  return user + system;
}

function createCaller(pool: Pool, path: string): () => Promise<void> {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": revision,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": info,
  };
  const params = { name: echo.name, arguments: { text: "hello ".repeat(20) }, _meta: meta };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": revision,
    "mcp-method": "tools/call",
    "mcp-name": echo.name,
  };
  return async () => {
    const answer = await pool.request({ path, method: "POST", headers, body });
    const words = await answer.body.text();
    if (answer.statusCode !== 200 || !words.includes("hello hello")) throw new Error(`bad answer: ${words}`);
  };
}

async function callFor(call: () => Promise<void>, durationMs: number): Promise<number> {
  const until = performance.now() + durationMs;
  const lanes = Array.from({ length: atOnce }, async () => {
    let calls = 0;
    // oxlint-disable-next-line no-await-in-loop -- a lane makes one call at a time
    for (; performance.now() < until; calls++) await call();
    return calls;
  });
  return (await Promise.all(lanes)).reduce((sum, calls) => sum + calls, 0);
}

async function medianAlone(call: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let at = 0; at < callsAlone; at++) {
    const began = performance.now();
    // oxlint-disable-next-line no-await-in-loop -- alone means one after the other
    await call();
    times.push(performance.now() - began);
  }
  return times.toSorted((one, other) => one - other)[callsAlone / 2] ?? 0;
}

type Figures = { readonly perSecond: number; readonly cpuMicros: number; readonly aloneMs: number };

async function measure(served: Served): Promise<Figures> {
  const { origin, pathname } = new URL(served.url);
  const pool = new Pool(origin, { connections: atOnce });
  const call = createCaller(pool, pathname);
  await callFor(call, warmUpMs);
  const cpuBefore = await cpuMicros(served.child);
  const began = performance.now();
  const calls = await callFor(call, measureMs);
  const seconds = (performance.now() - began) / 1000;
  const cpu = (await cpuMicros(served.child)) - cpuBefore;
  await sleep(50);
  const aloneMs = await medianAlone(call);
  await pool.close();
  return { perSecond: calls / seconds, cpuMicros: cpu / calls, aloneMs };
}

function print(name: string, { perSecond, cpuMicros: cpu, aloneMs }: Figures): void {
  const cells = [perSecond.toFixed(0).padStart(9), cpu.toFixed(0).padStart(13), aloneMs.toFixed(2).padStart(14)];
  console.log(`${name.padEnd(36)}${cells.join("")}`);
}

const times = (ratio: number): string => `${ratio.toFixed(1)}x`;

/** Measures and prints; `thin` is our door and upstream without any governing in between. */
export async function benchMcpWire(): Promise<{ direct: Figures; thin: Figures; sdk: Figures }> {
  const upstream = await start("echo");
  const proxies = await Promise.all([start("thin", upstream.url), start("sdk", upstream.url)]);
  try {
    const [thinServed, sdkServed] = proxies;
    const direct = await measure(upstream);
    const thin = await measure(thinServed);
    const sdk = await measure(sdkServed);
    console.log(`${`MCP tools/call, ${atOnce} at once`.padEnd(36)}  calls/s  CPU µs a call  p50 ms alone`);
    print("direct", direct);
    print("through our door and upstream", thin);
    print("through a proxy of the official SDK", sdk);
    console.log(
      `our wire against the SDK's: ${times(thin.perSecond / sdk.perSecond)} the calls, ${times(sdk.cpuMicros / thin.cpuMicros)} less CPU, ` +
        `added p50 ${(thin.aloneMs - direct.aloneMs).toFixed(2)} ms against ${(sdk.aloneMs - direct.aloneMs).toFixed(2)} ms`,
    );
    return { direct, thin, sdk };
  } finally {
    for (const { child } of [upstream, ...proxies]) child.kill();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [flag, what = "", upstreamUrl = ""] = process.argv.slice(2);
  await (flag === "--serve" ? serveAsChild(what, upstreamUrl) : benchMcpWire());
}
