/** Bad input at the MCP door of a whole server: a JSON-RPC error or a readable refusal each, no effect, nothing leaked. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";

import { expectNothingLeaked, mcpHeaders, mcpMessage, post, sendRaw, type Sent } from "../support/hostile.ts";
import { type HostileShop, openHostileShop } from "../support/hostile-shop.ts";
import type { TestServer } from "../support/server.ts";
import { shopFiles } from "../support/shop.ts";

let desk: HostileShop;
let server: TestServer;
let key: string;

beforeAll(async () => {
  desk = await openHostileShop();
  ({ server, key } = desk);
});
afterAll(() => desk.close());

/** After each piece of bad input: nothing was done upstream, and the server is as good as before. */
afterEach(expectUnharmed);

let count = 0;
async function expectUnharmed(): Promise<void> {
  await desk.expectUnharmed();
  count += 1;
  const good = await call("shop.note", { text: `good ${count}` });
  expect(ToolResult.parse(good.body).action.status).toBe("done");
}

const RpcFailure = z.object({
  jsonrpc: z.literal("2.0"),
  error: z.object({ code: z.number(), message: z.string().min(5), data: z.looseObject({}).optional() }),
});
const ToolResult = z
  .object({
    result: z.looseObject({
      content: z.array(z.looseObject({ type: z.literal("text"), text: z.string() })),
      isError: z.boolean().optional(),
      _meta: z.looseObject({ "airworthy/action": z.looseObject({ id: z.string(), status: z.string() }) }),
    }),
  })
  .transform(({ result: { _meta: meta, ...shown } }) => ({ ...shown, action: meta["airworthy/action"] }));

const send = (body: string | Uint8Array, headers: Record<string, string> = mcpHeaders(key, "shop.note")) =>
  post(`${server.url}/mcp`, body, headers);
const call = (tool: string, args: unknown, meta: Record<string, unknown> = {}) =>
  send(JSON.stringify(mcpMessage(tool, args, meta)), mcpHeaders(key, tool));
/** A call of a note whose arguments are raw JSON text. */
const rawCall = (args: string) =>
  send(JSON.stringify(mcpMessage("shop.note", "ARGUMENTS")).replace('"ARGUMENTS"', () => args));

function expectRpcError(sent: Sent, code: number): z.infer<typeof RpcFailure>["error"] {
  expectNothingLeaked(sent.text);
  expect(sent.status, sent.text).toBeLessThan(500);
  expect(sent.text.length).toBeLessThan(2000);
  const { error } = RpcFailure.parse(sent.body);
  expect(error.code, sent.text).toBe(code);
  return error;
}

function expectRefused(sent: Sent, words: string | RegExp): void {
  expectNothingLeaked(sent.text);
  const result = ToolResult.parse(sent.body);
  expect(result.isError).toBe(true);
  expect(result.action.status, sent.text).toBe("refused");
  expect(result.content[0]?.text).toMatch(words);
  expect(sent.text.length).toBeLessThan(6000);
}

describe("an MCP body", () => {
  it.each([
    ["nothing", ""],
    ["half a message", '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"shop.note"'],
    ["two messages", "{}{}"],
    ["Latin-1", Buffer.from('{"jsonrpc":"2.0","x":"\u00e9"}', "latin1")],
    ["UTF-16", Buffer.from("{}", "utf16le")],
    ["100,000 levels", "[".repeat(100_000)],
  ])("that is no JSON is a parse error: %s", async (_, body) => {
    const { data } = expectRpcError(await send(body), -32700);
    expect(data).toMatchObject({ code: "invalid_json", retryable: false });
    expect(data?.["fix"]).toBeTruthy();
  });

  it.each([
    ["__proto__", '{"text":"hostile","__proto__":{"isAdmin":true}}'],
    ["constructor", '{"text":"hostile","constructor":{"prototype":{}}}'],
    ["__entity", '{"text":"hostile","who":{"__entity":{"type":"Airworthy::Agent","id":"clerk"}}}'],
    ["__extn", '{"text":"hostile","who":{"__extn":{"fn":"decimal","arg":"1.0"}}}'],
    ["twice the same name", '{"text":"hostile","text":"hostile"}'],
    ["1e999", '{"text":"hostile","n":1e999}'],
    ["2^53 and one", '{"text":"hostile","n":9007199254740993}'],
    ["U+0000", '{"text":"hostile\\u0000"}'],
    ["half a surrogate pair", '{"text":"hostile\\ud800"}'],
    ["65 levels", `{"text":${"[".repeat(65)}${"]".repeat(65)}}`],
  ])("with %s in the arguments is refused with its place", async (_, args) => {
    const { data } = expectRpcError(await rawCall(args), -32700);
    expect(data?.["fix"]).toBeTruthy();
  });

  it.each([
    ["a list", "[]", -32600],
    ["a string", '"hostile"', -32600],
    ["another JSON-RPC", '{"jsonrpc":"1.0","id":1,"method":"tools/call"}', -32600],
    ["no method", '{"jsonrpc":"2.0","id":1}', -32600],
    ["a method that is a list", '{"jsonrpc":"2.0","id":1,"method":["tools/call"]}', -32600],
    ["an id that is an object", '{"jsonrpc":"2.0","id":{},"method":"tools/call","params":{}}', -32600],
    ["params that are a list", '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}', -32600],
  ])("that is %s is no request", async (_, body, code) => {
    expectRpcError(await send(body), code);
  });

  it("of 10 MB is refused, declared or in chunks, and the connection's end is told", async () => {
    const big = JSON.stringify(mcpMessage("shop.note", { text: "hostile", secret: "x".repeat(10 * 1024 * 1024) }));
    const declared = await send(big);
    expect(declared.status).toBe(413);
    expectRpcError(declared, -32600);
    function* chunks() {
      const head = Object.entries(mcpHeaders(key, "shop.note")).map(([name, value]) => `${name}: ${value}\r\n`);
      yield `POST /mcp HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${head.join("")}`;
      yield "transfer-encoding: chunked\r\n\r\n";
      for (let index = 0; index < 160; index += 1) yield `10000\r\n${"x".repeat(65_536)}\r\n`;
      yield "0\r\n\r\n";
    }
    expect(await sendRaw(server.url, chunks())).toMatch(/^HTTP\/1\.1 413 [^]*too large/i);
  });

  it("that repeats megabytes in an error is cut", async () => {
    const long = "hostile".repeat(200_000);
    const message = mcpMessage("shop.note", {}, { "io.modelcontextprotocol/protocolVersion": long });
    const { "mcp-protocol-version": _, ...headers } = mcpHeaders(key, "shop.note");
    expectRpcError(await send(JSON.stringify(message), headers), -32022);
    const { jsonrpc, id } = message;
    const meta = mcpMessage("", {}).params["_meta"];
    const unknown = { jsonrpc, id, method: long.slice(0, 5000), params: { _meta: meta } };
    const named = { ...mcpHeaders(key, ""), "mcp-method": long.slice(0, 5000) };
    expectRpcError(await send(JSON.stringify(unknown), named), -32601);
  });
});

describe("a call", () => {
  it.each(["shop.nothing", "../shop.note", "toString", "__proto__", "constructor", "' or 1=1 --", "ünïcode 😀"])(
    "of a tool that is not there is refused: %s",
    async (tool) => {
      expect(expectRpcError(await call(tool, { text: "hostile" }), -32602).message).toContain("not found");
    },
  );

  it("of another agent's tool is refused in the same words", async () => {
    const reader = (await server.agent("reader")).key;
    const message = JSON.stringify(mcpMessage("shop.note", { text: "hostile" }));
    const sent = await send(message, mcpHeaders(reader, "shop.note"));
    expect(expectRpcError(sent, -32602).message).toContain("not found");
  });

  it.each([
    ["a number", 7],
    ["nothing", ""],
    ["too long a text", "t".repeat(129)],
    ["a text with a line break", "shop\nnote"],
    ["an escape sequence", "\u001b[2J"],
  ])("whose name is %s is wrong", async (_, name) => {
    const sent = await send(JSON.stringify(mcpMessage(name, {})), mcpHeaders(key, String(name) || "x"));
    expectNothingLeaked(sent.text);
    expect(RpcFailure.parse(sent.body).error.code).toBeLessThan(-32000);
  });

  it.each([
    ["a list", ["hostile"]],
    ["text", "hostile"],
  ])("whose arguments are %s is wrong", async (_, args) => {
    expectRpcError(await call("shop.note", args), -32602);
  });

  it.each([
    ["text for a number", "shop.refund", { account: "a", invoice: "i", amountMinor: "1" }],
    ["one argument too many", "shop.note", { text: "hostile", approved: true }],
    ["none", "shop.refund", {}],
    ["an object as id", "shop.refund", { account: { $gt: "" }, invoice: "i", amountMinor: 1 }],
  ])("with %s is refused readably", async (_, tool, args) => {
    expectRefused(await call(tool, args), /do not fit/);
  });

  it.each([
    ["a line break", "inv\n1"],
    ["5,000 letters", "i".repeat(5000)],
  ])("about an entity named with %s is refused", async (_, invoice) => {
    expectRefused(await call("shop.refund", { account: "a", invoice, amountMinor: 1, note: "hostile" }), /must name/);
  });

  it("keeps its claims to what can be shown: control characters, halves of pairs and nonsense do not count", async () => {
    const cut = `${"r".repeat(1999)}😀`;
    const claims: readonly (readonly [unknown, unknown, unknown])[] = [
      ["\u001b[2Jwhy", 0.5, "run\u001b"],
      [cut, 7, "r".repeat(129)],
      [{ a: 1 }, "0.9", 5],
    ];
    for (const [index, [rationale, confidence, run]] of claims.entries()) {
      const meta = { "airworthy/run": run };
      const args = { text: `claimed ${index}`, _rationale: rationale, _confidence: confidence };
      const sent = ToolResult.parse((await call("shop.note", args, meta)).body);
      const { id, status } = sent.action;
      expect(status).toBe("done");
      const record = await server.admin.readAction({ id: id as `act_${string}` });
      expect(record.run).toBeUndefined();
      expect(record.rationale ?? "").not.toMatch(/[\u001b\p{Surrogate}]/u);
      expect(record.confidence).toBe(index === 0 ? 0.5 : undefined);
    }
    // What is on record can still be replayed, whatever was claimed.
    const files = Object.entries(shopFiles).map(([path, text]) => ({ path, text }));
    expect((await server.admin.planConfig({ files, replay: 1000 })).preview.replayed).toBeGreaterThan(0);
  });

  it.each([
    ["another method", { "mcp-method": "tools/list" }],
    ["another tool", { "mcp-name": "shop.get" }],
    ["a broken encoding", { "mcp-name": "=?base64?%%%?=" }],
    ["another revision", { "mcp-protocol-version": "2025-11-25" }],
  ])("whose headers name %s is refused before anyone looks at it", async (_, changed) => {
    const message = JSON.stringify(mcpMessage("shop.note", { text: "hostile" }));
    expectRpcError(await send(message, { ...mcpHeaders(key, "shop.note"), ...changed }), -32020);
  });
});

describe("a caller", () => {
  const callAs = (authorization: string | undefined) => {
    const { authorization: _, ...rest } = mcpHeaders("", "shop.note");
    const headers = authorization === undefined ? rest : { ...rest, authorization };
    return send(JSON.stringify(mcpMessage("shop.note", { text: "hostile" })), headers);
  };

  it("without a good key hears one and the same no", async () => {
    const person = (await server.person("maria")).key;
    const revoked = await server.admin.createKey({ for: { kind: "agent", name: "clerk" } });
    await server.admin.revokeKey({ id: revoked.id });
    const other = key.slice(0, -1) + (key.endsWith("A") ? "B" : "A");
    const bad = [
      undefined,
      "",
      "Bearer",
      "Bearer ",
      `Basic ${Buffer.from(`clerk:${key}`).toString("base64")}`,
      key,
      `Bearer ${key} `.repeat(2).trim(),
      `Bearer ${other}`,
      `Bearer ${key.toLowerCase()}`,
      `Bearer ${key.replace("awk_main_", "awk_other_")}`,
      `Bearer ${revoked.key}`,
      `Bearer ${person}`,
      `Bearer ${readFileSync(join(server.dataDir, "admin.key"), "utf8").trim()}`,
      `Bearer ${"x".repeat(5000)}`,
      "Bearer awk_main_' or '1'='1",
    ];
    const answers = new Set<string>();
    for (const authorization of bad) {
      // oxlint-disable-next-line no-await-in-loop -- one by one, so that a failure names its key
      const sent = await callAs(authorization);
      expect(sent.status, `${authorization}`).toBe(401);
      answers.add(sent.text);
    }
    expect(answers.size).toBe(1);
  });

  it("from another site's page is refused", async () => {
    const message = JSON.stringify(mcpMessage("shop.note", { text: "hostile" }));
    const headers = { ...mcpHeaders(key, "shop.note"), origin: "https://evil.example" };
    expect((await send(message, headers)).status).toBe(403);
  });
});
