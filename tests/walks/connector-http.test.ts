/** The HTTP connector against real sockets: what each way of ending means for the action, and what never leaks. */
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

import type { HttpTool, JsonObject } from "@airworthy/contract";
import { afterEach, describe, expect, it } from "vitest";

import { createHttpConnector } from "../../packages/server/src/dataplane/5-execution/connectors/http.ts";
import type { HttpConnectorOptions } from "../../packages/server/src/dataplane/5-execution/connectors/http.ts";
import type { ConnectorCall } from "../../packages/server/src/kernel/deps.ts";

const secret = "s3cret-s3cret-s3cret";
const env = { CRM_TOKEN: secret };
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

type Seen = { method?: string; url?: string; headers: IncomingMessage["headers"]; body: string };
type Answer = (request: Seen, response: ServerResponse, count: number) => void;

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

async function upstream(answer: Answer): Promise<{ baseUrl: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      answer(seen.at(-1) as Seen, response, seen.length);
    });
  });
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { baseUrl: await listen(server), seen };
}

/** A server that says exactly these bytes and then does as told with the connection. */
async function rawUpstream(speak: (socket: Socket) => void): Promise<{ baseUrl: string; seen: string[] }> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("data", (chunk) => {
      seen.push(chunk.toString());
      speak(socket);
    });
  });
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { baseUrl: await listen(server), seen };
}

type CallOptions = Partial<Omit<ConnectorCall, "tool">> & {
  readonly baseUrl: string;
  readonly effect?: "read" | "write";
  readonly tool?: Partial<HttpTool>;
};

function callOf({ baseUrl, effect = "read", tool = {}, ...more }: CallOptions): ConnectorCall {
  const request: HttpTool["request"] =
    effect === "read" ? { method: "GET", path: "/accounts/{id}" } : { method: "POST", path: "/refunds", body: ["id"] };
  const definition: HttpTool = { name: "crm.do", effect, input: {}, request, ...tool };
  const auth = { header: "Authorization", prefix: "Bearer", value: { env: "CRM_TOKEN" } };
  const document = {
    apiVersion: "airworthy/v1",
    kind: "Connector",
    name: "crm",
    type: "http",
    baseUrl,
    auth,
    tools: [],
  };
  return {
    tenant: "acme",
    snapshot: { connectors: { crm: document } } as unknown as ConnectorCall["snapshot"],
    tool: {
      name: definition.name,
      connector: "crm",
      effect,
      reversibility: effect === "read" ? "read_only" : "irreversible",
      timeoutMs: 5000,
      definition,
      digest: "d",
    },
    arguments: { id: "a1" },
    idempotencyKey: "act_1",
    timeoutMs: 5000,
    dispatchBeforeMonoMs: performance.now() + 60_000,
    ...more,
  };
}

function connector(options: Partial<HttpConnectorOptions> = {}) {
  const made = createHttpConnector({ env, guard: { tries: 1 }, ...options });
  cleanups.push(() => void made.close());
  return made;
}

const json = (response: ServerResponse, status: number, body: unknown, headers: JsonObject = {}): void => {
  response.writeHead(status, { "content-type": "application/json", ...(headers as Record<string, string>) });
  response.end(JSON.stringify(body));
};
const idempotent = { idempotency: { header: "Idempotency-Key", retention: "24h" } };

describe("a good answer", () => {
  it("carries result and version, and the request carried the secret and nothing undeclared", async () => {
    const { baseUrl, seen } = await upstream((_, response) => json(response, 200, { id: "a1" }, { etag: '"v7"' }));
    const args = { id: "a1", host: "evil.example", authorization: "Bearer evil", "x\r\nX-Evil": "1" };
    const answer = await connector().call(callOf({ baseUrl: `${baseUrl}/api/`, arguments: args }));
    expect(answer).toEqual({ kind: "answered", result: { id: "a1" }, version: '"v7"' });
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ method: "GET", url: "/api/accounts/a1", body: "" });
    expect(seen[0]?.headers).toMatchObject({ authorization: `Bearer ${secret}`, host: new URL(baseUrl).host });
    expect(seen[0]?.headers).not.toHaveProperty("x-evil");
  });

  it("fills the base URL from the environment, and the body and key of a write", async () => {
    const { baseUrl, seen } = await upstream((_, response) => json(response, 201, { refundId: "r1" }));
    const call = callOf({
      baseUrl: "${CRM_URL}",
      effect: "write",
      tool: idempotent,
      arguments: { id: "a\r\nX: 1", x: 1 },
    });
    const answer = await connector({ env: { ...env, CRM_URL: baseUrl } }).call(call);
    expect(answer).toEqual({ kind: "answered", result: { refundId: "r1" } });
    expect(seen[0]).toMatchObject({ method: "POST", url: "/refunds", body: '{"id":"a\\r\\nX: 1"}' });
    expect(seen[0]?.headers).toMatchObject({ "idempotency-key": "act_1" });
  });

  it("may have no body", async () => {
    const { baseUrl } = await upstream((_, response) => response.writeHead(204).end());
    expect(await connector().call(callOf({ baseUrl }))).toEqual({ kind: "answered", result: null });
  });

  it("never brings the secret back, even from a system that repeats what it was sent", async () => {
    const { baseUrl } = await upstream((request, response) => {
      json(response, request.url === "/accounts/bad" ? 400 : 200, { echo: request.headers.authorization });
    });
    const sound = await connector().call(callOf({ baseUrl }));
    const refused = await connector().call(callOf({ baseUrl, arguments: { id: "bad" } }));
    expect(sound).toEqual({ kind: "answered", result: { echo: "Bearer [redacted]" } });
    expect(refused).toMatchObject({ kind: "rejected", code: "http_400" });
    expect(JSON.stringify([sound, refused])).not.toContain(secret);
  });
});

describe("an answer that cannot be used", () => {
  it.each([
    ["not JSON", "<html>"],
    ["an integer too large", '{"id":9007199254740993}'],
    ["a prototype key", '{"__proto__":{"admin":true}}'],
    ["a constructor key", '{"a":{"constructor":1}}'],
    ["a name twice", '{"a":1,"a":2}'],
    ["too deep", "[".repeat(100) + "]".repeat(100)],
    ["too long", JSON.stringify("x".repeat(3000))],
  ])("%s: a read fails, a write is done without result", async (_, body) => {
    const { baseUrl } = await upstream((__, response) => response.writeHead(200).end(body));
    const http = connector({ maxBodyBytes: 2000 });
    expect(await http.call(callOf({ baseUrl }))).toMatchObject({ kind: "rejected", code: "bad_answer" });
    expect(await http.call(callOf({ baseUrl, effect: "write" }))).toEqual({ kind: "answered", result: null });
    expect(Object.hasOwn(Object.prototype, "admin")).toBe(false);
  });

  it("stops reading a body without end", async () => {
    const { baseUrl } = await rawUpstream((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
      const block = `400\r\n${"x".repeat(1024)}\r\n`;
      const pour = (): void => {
        while (!socket.destroyed && socket.write(block));
      };
      socket.on("drain", pour);
      pour();
    });
    const answer = await connector({ maxBodyBytes: 10_000 }).call(callOf({ baseUrl }));
    expect(answer).toMatchObject({
      kind: "rejected",
      code: "bad_answer",
      detail: expect.stringContaining("too large") as string,
    });
  });

  it("is not decompressed", async () => {
    const { baseUrl } = await upstream((_, response) => json(response, 200, {}, { "content-encoding": "gzip" }));
    expect(await connector().call(callOf({ baseUrl }))).toMatchObject({ kind: "rejected", code: "bad_answer" });
  });
});

describe("a status", () => {
  it.each([
    [404, { kind: "rejected", code: "http_404", result: { why: "w" } }, { kind: "rejected", code: "http_404" }],
    [429, { kind: "rejected", code: "upstream_busy" }, { kind: "rejected", code: "upstream_busy" }],
    [500, { kind: "rejected", code: "upstream_error" }, { kind: "ambiguous" }],
    [503, { kind: "rejected", code: "upstream_error" }, { kind: "ambiguous" }],
    [307, { kind: "rejected", code: "redirect" }, { kind: "rejected", code: "redirect" }],
    [303, { kind: "rejected", code: "redirect" }, { kind: "ambiguous" }],
  ])("%i is told apart for reads and writes", async (status, asRead, asWrite) => {
    const { baseUrl, seen } = await upstream((_, response) =>
      json(response, status, { why: "w" }, { location: "/elsewhere" }),
    );
    expect(await connector().call(callOf({ baseUrl }))).toMatchObject(asRead);
    expect(await connector().call(callOf({ baseUrl, effect: "write" }))).toMatchObject(asWrite);
    expect(seen.map((request) => request.url)).toEqual(["/accounts/a1", "/refunds"]);
  });

  it("of 103 is not the answer", async () => {
    const { baseUrl } = await rawUpstream((socket) => {
      socket.write("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n7");
    });
    expect(await connector().call(callOf({ baseUrl }))).toEqual({ kind: "answered", result: 7 });
  });
});

describe("a connection", () => {
  it("that is refused means nothing was sent", async () => {
    const server = createTcpServer();
    const baseUrl = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const answer = await connector().call(callOf({ baseUrl, effect: "write" }));
    expect(answer).toMatchObject({ kind: "unsent", detail: expect.stringContaining("ECONNREFUSED") as string });
  });

  it.each([
    ["before any answer", ""],
    ["in the head", "HTTP/1.1 200 OK\r\ncontent-le"],
    ["in the body", 'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"a":'],
    ["in a chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"],
    ["with nonsense", "220 smtp.example ESMTP\r\n"],
  ])("that breaks %s leaves a write in doubt", async (_, text) => {
    const { baseUrl, seen } = await rawUpstream((socket) => {
      socket.write(text, () => socket.resetAndDestroy());
    });
    expect(await connector().call(callOf({ baseUrl, effect: "write" }))).toMatchObject({ kind: "ambiguous" });
    expect(await connector().call(callOf({ baseUrl }))).toMatchObject({ kind: "rejected", code: "upstream_broken" });
    expect(seen).toHaveLength(2);
  });

  it("to a system that never answers is given up in time", async () => {
    const { baseUrl, seen } = await rawUpstream(() => undefined);
    const slow = { baseUrl, timeoutMs: 150 };
    expect(await connector().call(callOf({ ...slow, effect: "write" }))).toMatchObject({ kind: "ambiguous" });
    expect(await connector().call(callOf(slow))).toMatchObject({ kind: "rejected", code: "upstream_timeout" });
    expect(seen).toHaveLength(2);
  });

  it("to a system that answers by drops is given up in time", async () => {
    const { baseUrl } = await rawUpstream((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
      const drip = setInterval(() => socket.write(" "), 10);
      socket.on("close", () => clearInterval(drip));
    });
    const answer = await connector().call(callOf({ baseUrl, timeoutMs: 200 }));
    expect(answer).toMatchObject({ kind: "rejected", code: "upstream_timeout" });
  });
});

describe("what must not leave", () => {
  it("is a request past its moment of dispatch", async () => {
    const { baseUrl, seen } = await upstream((_, response) => json(response, 200, {}));
    const call = callOf({ baseUrl, effect: "write", dispatchBeforeMonoMs: performance.now() });
    expect(await connector().call(call)).toMatchObject({ kind: "unsent" });
    expect(seen).toEqual([]);
  });

  it("is a request that would leave its path", async () => {
    const { baseUrl, seen } = await upstream((_, response) => json(response, 200, {}));
    for (const id of ["..", "../admin", "", "a\u0000"]) {
      const answer = await connector().call(callOf({ baseUrl, arguments: { id } }));
      expect(answer).toMatchObject({ kind: "rejected", code: "invalid_arguments" });
    }
    expect(seen).toEqual([]);
  });

  it("is a request without its secret, or to a URL that holds one", async () => {
    const { baseUrl, seen } = await upstream((_, response) => json(response, 200, {}));
    const unset = await connector({ env: {} }).call(callOf({ baseUrl }));
    expect(unset).toMatchObject({ kind: "unsent", detail: expect.stringContaining("CRM_TOKEN") as string });
    const withPassword = baseUrl.replace("http://", "http://user:hunter2@");
    const refused = await connector().call(callOf({ baseUrl: withPassword }));
    expect(refused.kind).toBe("unsent");
    expect(JSON.stringify(refused)).not.toContain("hunter2");
    expect((await connector().call(callOf({ baseUrl: "file:///etc/passwd" }))).kind).toBe("unsent");
    expect(seen).toEqual([]);
  });

  it("is a read whose caller has gone; a write goes on", async () => {
    const { baseUrl, seen } = await upstream((_, response) => json(response, 200, 1));
    const sink = { notify: () => undefined, signal: AbortSignal.abort() };
    expect(await connector().call(callOf({ baseUrl, sink }))).toMatchObject({ kind: "unsent" });
    expect(await connector().call(callOf({ baseUrl, sink, effect: "write" }))).toEqual({ kind: "answered", result: 1 });
    expect(seen.map((request) => request.method)).toEqual(["POST"]);
  });

  it("is a running read whose caller goes away", async () => {
    const gone = new AbortController();
    const { baseUrl } = await rawUpstream(() => gone.abort());
    const sink = { notify: () => undefined, signal: gone.signal };
    expect(await connector().call(callOf({ baseUrl, sink }))).toMatchObject({
      kind: "rejected",
      code: "upstream_broken",
    });
  });
});

describe("another try", () => {
  it("of a write with idempotency carries the same key and settles the doubt", async () => {
    const { baseUrl, seen } = await upstream((_, response, count) => {
      if (count === 1) response.destroy();
      else json(response, 200, { done: true });
    });
    const call = callOf({ baseUrl, effect: "write", tool: idempotent });
    expect(await connector({ guard: {} }).call(call)).toEqual({ kind: "answered", result: { done: true } });
    expect(seen.map((request) => request.headers["idempotency-key"])).toEqual(["act_1", "act_1"]);
  });

  it("is never made of a write without it", async () => {
    const { baseUrl, seen } = await upstream((_, response) => response.destroy());
    expect(await connector({ guard: {} }).call(callOf({ baseUrl, effect: "write" }))).toMatchObject({
      kind: "ambiguous",
    });
    expect(seen).toHaveLength(1);
  });

  it("is refused while the breaker is open, and reaches nobody", async () => {
    const { baseUrl, seen } = await upstream((_, response) => json(response, 500, {}));
    const http = connector({ guard: { tries: 1, failures: 2 } });
    const answers = [];
    for (let count = 0; count < 4; count += 1)
      answers.push((await http.call(callOf({ baseUrl, effect: "write" }))).kind);
    expect(answers).toEqual(["ambiguous", "ambiguous", "unsent", "unsent"]);
    expect(seen).toHaveLength(2);
  });
});
