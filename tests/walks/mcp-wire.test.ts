/** The MCP door over real sockets: the official client against it, and everything a hostile or broken client may send. */
import { once } from "node:events";
import { Agent, createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import type { JsonObject } from "@airworthy/contract";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import {
  createMcpDoor,
  McpProtocolError,
  type McpGateway,
  type McpToolCall,
} from "../../packages/server/src/doors/mcp/door.ts";
import type { Sink } from "../../packages/server/src/kernel/deps.ts";

const key = "Bearer test-key";
const inputSchema: JsonObject = { type: "object", properties: { city: { type: "string", "x-mcp-header": "City" } } };
const text = (words: string): JsonObject => ({ content: [{ type: "text", text: words }] });

type Behaviour = (call: McpToolCall, sink: Sink) => Promise<JsonObject>;
let server: Server;
let url: string;
let calls: McpToolCall[];
let failures: { id: string; error: unknown }[];
let connections: number;
let behave: Behaviour;

const offered = [
  { name: "weather", description: "Weather", inputSchema },
  { name: "alarm", description: "Alarm", inputSchema: { type: "object" } },
];
const gateway: McpGateway<string> = {
  authenticate: ({ authorization }) => Promise.resolve(authorization === key ? "agent" : undefined),
  listTools: () => Promise.resolve(offered),
  findTool: (_caller, name) => Promise.resolve(offered.find((tool) => tool.name === name)),
  callTool(_caller, call, sink) {
    calls.push(call);
    return behave(call, sink);
  },
  forward: (_caller, { method }) =>
    Promise.resolve(method === "prompts/list" ? { prompts: [], cacheScope: "public" } : undefined),
  features: () => Promise.resolve({ tools: { listChanged: true }, prompts: {} }),
  listen: (_caller, _filter, sink) =>
    new Promise((resolve) => {
      sink.notify("notifications/prompts/list_changed", {});
      sink.notify("notifications/tools/list_changed", {});
      sink.signal.addEventListener("abort", () => resolve(), { once: true });
    }),
  serverInfo: { name: "door-under-test", version: "1.2.3" },
};

beforeEach(async () => {
  calls = [];
  failures = [];
  connections = 0;
  behave = (call) => Promise.resolve(text(`hello ${call.name}`));
  server = createServer(
    createMcpDoor(gateway, { maxBodyBytes: 10_000, onFailure: (id, error) => void failures.push({ id, error }) }),
  );
  server.on("connection", () => connections++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const meta = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};
type RpcResult = JsonObject & {
  readonly resultType: string;
  readonly cacheScope: string;
  readonly content: readonly [{ readonly text: string }];
  readonly _meta: JsonObject;
};
type RpcAnswer = {
  readonly id: unknown;
  readonly result: RpcResult;
  readonly error: { readonly code: number; readonly message: string; readonly data: JsonObject };
};
type Answer = { readonly status: number; readonly headers: Headers; readonly body: RpcAnswer };

async function post(body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(url, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      authorization: key,
      "mcp-protocol-version": "2026-07-28",
      ...headers,
    },
  });
  const words = await response.text();
  return { status: response.status, headers: response.headers, body: words === "" ? {} : JSON.parse(words) };
}

const say = (method: string, params: JsonObject = {}, headers: Record<string, string> = {}): Promise<Answer> =>
  post(JSON.stringify({ jsonrpc: "2.0", id: 7, method, params: { _meta: meta, ...params } }), {
    "mcp-method": method,
    ...headers,
  });
const callWeather = (args: JsonObject, headers: Record<string, string>): Promise<Answer> =>
  say("tools/call", { name: "weather", arguments: args }, { "mcp-name": "weather", ...headers });

async function connect(): Promise<Client> {
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { authorization: key } } }),
  );
  return client;
}

describe("the official client", () => {
  test("discovers, lists in a fixed order, calls, and is told of progress under its own token", async () => {
    const client = await connect();
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["alarm", "weather"]);
    behave = (call, sink) => {
      const { progressToken = "none" } = (call.protocol?.["_meta"] ?? {}) as { progressToken?: string };
      sink.notify("notifications/progress", { progressToken, progress: 1, total: 2 });
      sink.notify("notifications/progress", { progressToken: "someone else's", progress: 2, total: 2 });
      return Promise.resolve(text("done"));
    };
    const seen: number[] = [];
    const result = await client.callTool(
      { name: "weather", arguments: { city: "Zürich" } },
      { onprogress: ({ progress }) => void seen.push(progress) },
    );
    expect(result.content).toEqual([{ type: "text", text: "done" }]);
    expect(seen).toEqual([1]);
    expect(calls[0]?.arguments).toEqual({ city: "Zürich" });
    await client.close();
  });

  test("gets a JSON-RPC error of the gateway as such", async () => {
    const client = await connect();
    behave = () => Promise.reject(new McpProtocolError(-32602, "no such thing", { hint: 1 }));
    await expect(client.callTool({ name: "alarm", arguments: {} })).rejects.toMatchObject({
      code: -32602,
      message: "no such thing",
    });
    await client.close();
  });
});

describe("before anyone acts", () => {
  test("only known callers, only pages of allowed origins, only POST of JSON", async () => {
    const stranger = await say("tools/list", {}, { authorization: "Bearer wrong" });
    expect([stranger.status, stranger.headers.get("www-authenticate")]).toEqual([401, 'Bearer realm="airworthy"']);
    expect((await say("tools/list", {}, { origin: "https://evil.example" })).status).toBe(403);
    expect((await say("tools/list", {}, { origin: "http://localhost:3000" })).status).toBe(200);
    expect((await post("{}", { "content-type": "text/plain" })).status).toBe(415);
    const got = await fetch(url);
    expect([got.status, got.headers.get("allow")]).toEqual([405, "POST"]);
  });

  test("headers that disagree with the body are refused and the tool is not called", async () => {
    const lies = await Promise.all([
      callWeather({}, { "mcp-name": "alarm" }),
      callWeather({}, { "mcp-method": "tools/list" }),
      callWeather({ city: "Bern" }, {}),
      callWeather({ city: "Bern" }, { "mcp-param-city": "Basel" }),
      callWeather({ city: "Bern" }, { "mcp-param-city": "=?base64?QmVyb?=" }),
      callWeather({}, { "mcp-protocol-version": "2025-11-25" }),
    ]);
    for (const { status, body } of lies) expect([status, body.error.code, body.id]).toEqual([400, -32020, 7]);
    expect(calls).toEqual([]);
    const encoded = `=?base64?${Buffer.from("Zürich").toString("base64")}?=`;
    expect((await callWeather({ city: "Zürich" }, { "mcp-param-city": encoded })).body.result.content[0].text).toBe(
      "hello weather",
    );
  });

  test("another generation hears which revision is spoken", async () => {
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "old", version: "1" } };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params });
    const response = await fetch(url, {
      method: "POST",
      body,
      headers: { "content-type": "application/json", authorization: key },
    });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as RpcAnswer;
    expect([error.code, error.data]).toEqual([-32022, { supported: ["2026-07-28"], requested: "2025-11-25" }]);
  });

  test.each([
    ["garbage", Buffer.from("not json at all")],
    ["an empty body", Buffer.alloc(0)],
    ["bytes that are not UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ["nesting beyond reason", Buffer.from(`${"[".repeat(4000)}${"]".repeat(4000)}`)],
    ["the same name twice", Buffer.from('{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}')],
  ])("%s is a parse error", async (_what, bytes) => {
    const { status, body } = await post(bytes);
    expect([status, body.error.code, body.id]).toEqual([400, -32700, null]);
  });

  test.each([
    ["a batch", "[]"],
    ["a bare answer", '{"jsonrpc":"2.0","id":1,"result":{}}'],
    ["no version", '{"id":1,"method":"tools/list"}'],
    ["a fractional id", '{"jsonrpc":"2.0","id":1.5,"method":"tools/list"}'],
    ["parameters in a list", '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[]}'],
  ])("%s is no request", async (_what, words) => {
    const { status, body } = await post(words);
    expect([status, body.error.code]).toEqual([400, -32600]);
  });

  test("a body beyond the cap is refused and its connection serves the next request", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const send = (body: string, authorization = key): Promise<number> =>
      new Promise((resolve, reject) => {
        const headers = { "content-type": "application/json", authorization, "content-length": body.length };
        const request = httpRequest(url, { method: "POST", agent, headers }, (response) => {
          response.resume().on("end", () => resolve(response.statusCode ?? 0));
        });
        request.on("error", reject).end(body);
      });
    expect(await send(`"${"x".repeat(20_000)}"`)).toBe(413);
    expect(await send(`"${"x".repeat(20_000)}"`, "Bearer wrong")).toBe(401);
    expect(await send('{"jsonrpc":"2.0","method":"notifications/anything"}')).toBe(202);
    expect(connections).toBe(1);
    agent.destroy();
  });
});

describe("the answer", () => {
  test("names its type and the server, and hides what only the operator may know", async () => {
    const good = await say("tools/list");
    expect(good.body.result).toMatchObject({ resultType: "complete", cacheScope: "private" });
    const { _meta: about } = good.body.result;
    expect(about["io.modelcontextprotocol/serverInfo"]).toEqual(gateway.serverInfo);
    behave = () => Promise.reject(new Error("password is hunter2"));
    const bad = await say("tools/call", { name: "alarm" }, { "mcp-name": "alarm" });
    expect(bad.body.error).toEqual({
      code: -32603,
      message: "internal error",
      data: { correlationId: failures[0]?.id },
    });
    expect(String(failures[0]?.error)).toContain("hunter2");
  });

  test("what one caller may see is never public, and what does not exist is 404", async () => {
    expect((await say("prompts/list")).body.result.cacheScope).toBe("private");
    for (const method of ["resources/list", "ping", "logging/setLevel", "no/such"]) {
      const { status, body } = await say(method);
      expect([status, body.error.code]).toEqual([404, -32601]);
    }
  });

  test("logs are told only at the level that was asked for", async () => {
    behave = (_call, sink) => {
      sink.notify("notifications/message", { level: "debug", data: "a" });
      sink.notify("notifications/message", { level: "error", data: "b" });
      return Promise.resolve(text("done"));
    };
    expect((await say("tools/call", { name: "alarm" }, { "mcp-name": "alarm" })).body.result.content[0].text).toBe(
      "done",
    );
    const asked = { ...meta, "io.modelcontextprotocol/logLevel": "warning" };
    const body = JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "alarm", _meta: asked },
    });
    const headers = { "content-type": "application/json", authorization: key, "mcp-protocol-version": "2026-07-28" };
    const response = await fetch(url, {
      method: "POST",
      body,
      headers: { ...headers, "mcp-method": "tools/call", "mcp-name": "alarm" },
    });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const events = (await response.text())
      .split("\n\n")
      .filter(Boolean)
      .map((event) => JSON.parse(event.split("data: ")[1] ?? ""));
    expect(events.map((event) => event.params?.data ?? event.result.resultType)).toEqual(["b", "complete"]);
  });

  test("a client that leaves aborts the call, which still settles", async () => {
    let settled: Promise<unknown> = Promise.resolve();
    const started = new Promise<void>((resolve) => {
      behave = (_call, sink) => {
        const aborted = once(sink.signal, "abort").then(() => text("too late"));
        settled = aborted;
        resolve();
        return aborted;
      };
    });
    const leaving = new AbortController();
    const headers = { "content-type": "application/json", authorization: key, "mcp-protocol-version": "2026-07-28" };
    const params = { name: "alarm", _meta: meta };
    const asking = fetch(url, {
      method: "POST",
      signal: leaving.signal,
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
      headers: { ...headers, "mcp-method": "tools/call", "mcp-name": "alarm" },
    }).catch(() => "left");
    await started;
    leaving.abort();
    expect(await asking).toBe("left");
    expect(await settled).toEqual(text("too late"));
    expect(failures).toEqual([]);
  });

  test("a subscription is acknowledged with what can come, and hears only that", async () => {
    const leaving = new AbortController();
    const notifications = { toolsListChanged: true, promptsListChanged: true };
    const response = await fetch(url, {
      method: "POST",
      signal: leaving.signal,
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: "s1",
        method: "subscriptions/listen",
        params: { _meta: meta, notifications },
      }),
      headers: {
        "content-type": "application/json",
        authorization: key,
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "subscriptions/listen",
      },
    });
    const messages: { method: string; params: { notifications?: JsonObject; _meta: JsonObject } }[] = [];
    let rest = "";
    for await (const chunk of response.body ?? []) {
      rest += Buffer.from(chunk as Uint8Array).toString();
      const events = rest.split("\n\n");
      rest = events.pop() ?? "";
      messages.push(...events.map((event) => JSON.parse(event.split("data: ")[1] ?? "")));
      if (messages.length === 2) break;
    }
    leaving.abort();
    expect(messages.map(({ method }) => method)).toEqual([
      "notifications/subscriptions/acknowledged",
      "notifications/tools/list_changed",
    ]);
    expect(messages[0]?.params.notifications).toEqual({ toolsListChanged: true });
    for (const { params } of messages) {
      expect(params).toMatchObject({ _meta: { "io.modelcontextprotocol/subscriptionId": "s1" } });
    }
  });
});
