/** The MCP gateway whole: the official client, our server, and upstream MCP servers over HTTP and stdio. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { createClient } from "@airworthy/sdk";
import { pinTools } from "@airworthy/server";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { createGate, type Desk, eventually, openDesk } from "../support/desk.ts";
import { type FreightServer, startFreightServer } from "../support/freight-server.ts";
import { shopFiles } from "../support/shop.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";

const stdioServer = path.resolve(import.meta.dirname, "../conformance/stdio-server.ts");
const connectors = `
apiVersion: airworthy/v1
kind: Connector
name: freight
type: mcp
url: \${MCP_URL}
auth: { header: Authorization, prefix: Bearer, value: { env: MCP_KEY } }
tools:
  - { name: freight.quote, upstream: quote, effect: read }
  - name: freight.book
    upstream: book
    effect: write
    amount: { minor: $.priceMinor, currency: EUR }
    entity: { type: route, id: $.route }
  - { name: freight.rate, upstream: rate, effect: write }
  - { name: freight.fail, upstream: fail, effect: write }
---
apiVersion: airworthy/v1
kind: Connector
name: local
type: mcp
command: ${JSON.stringify([process.execPath, "--import", "tsx", stdioServer])}
tools:
  - { name: local.echo, upstream: echo, effect: write }
  - { name: local.environment, upstream: environment, effect: read }
`;
const downConnector = `
apiVersion: airworthy/v1
kind: Connector
name: down
type: mcp
url: \${DOWN_URL}
tools:
  - { name: down.book, upstream: book, effect: write, pin: "sha256:${"0".repeat(64)}" }
`;
const agentDocument = (name: string, tools: string): string => `
apiVersion: airworthy/v1
kind: Agent
name: ${name}
purpose: Books freight
owner: maria
stage: production
level: senior
tools: [${tools}]
`;
const everything =
  "freight.quote, freight.book, freight.rate, freight.fail, local.echo, local.environment, shop.note, shop.get";

let desk: Desk;
let freight: FreightServer;
let down: Upstream;
let folder: string;
let files: Record<string, string>;
const clients: Client[] = [];
const keys: Record<string, string> = {};
const env = (): Record<string, string> => ({
  MCP_URL: freight.url,
  DOWN_URL: `${down.url}/mcp`,
  MCP_KEY: "mcp-secret-1",
  PATH: process.env["PATH"] ?? "",
});

/** The configuration with the pins of what the servers offer now. */
async function pinned(): Promise<Record<string, string>> {
  const file = path.join(folder, "connectors.yaml");
  for (const connector of ["freight", "local"]) await pinTools({ configDir: folder, connector, env: env() });
  return { ...files, "connectors.yaml": readFileSync(file, "utf8") };
}

beforeAll(async () => {
  freight = await startFreightServer();
  down = await startUpstream(() => "reset");
  folder = mkdtempSync(path.join(tmpdir(), "airworthy-pins-"));
  writeFileSync(path.join(folder, "connectors.yaml"), connectors);
  files = {
    ...shopFiles,
    "freight-agents.yaml": [
      agentDocument("mover", everything),
      agentDocument("watcher", "freight.quote"),
      agentDocument("masked", "freight.quote"),
      agentDocument("patient", "freight.quote, down.book"),
    ].join("---"),
    "down.yaml": downConnector,
    "freight.cedar": `
@id("movers-may") permit (principal, action, resource) when { principal != Airworthy::Agent::"masked" };
@id("masked-may") @mask("$.iban") permit (principal == Airworthy::Agent::"masked", action, resource);
@id("no-moon") @title("Nothing flies to the moon")
forbid (principal, action == Airworthy::Action::"freight.book", resource) when { context.env.entityId == "moon" };
@id("dear-needs-finance") @approver("finance")
forbid (principal, action == Airworthy::Action::"freight.book", resource) when { context.env.amountMinor > 50000 }
unless { context.env.approvals.contains("finance") };`,
  };
  files = await pinned();
  desk = await openDesk({ files, env: env() });
  for (const name of ["mover", "watcher", "masked", "patient"]) keys[name] = (await desk.server.agent(name)).key;
  keys["maria"] = (await desk.server.person("maria")).key;
});
afterAll(async () => {
  for (const client of clients) await client.close();
  await desk.close();
  await freight.close();
  await down.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => {
  freight.before = () => Promise.resolve();
});

async function connect(name: string): Promise<Client> {
  const client = new Client({ name: "walk", version: "1" }, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  const requestInit = { headers: { authorization: `Bearer ${keys[name]}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${desk.server.url}/mcp`), { requestInit }));
  clients.push(client);
  return client;
}
type Result = Awaited<ReturnType<Client["callTool"]>>;
const words = ({ content }: Result): string =>
  (content as { text?: string }[]).map(({ text }) => text ?? "").join("\n");
const actionOf = ({ _meta }: Result) =>
  _meta?.["airworthy/action"] as { id: `act_${string}`; status: string; approval?: `apr_${string}` };
const bookings = (route: string) =>
  freight.calls.filter(({ params }) => (params["arguments"] as { route?: string }).route === route);
const admin = () => desk.server.admin;

describe("the list of tools", () => {
  it("holds what the agent may use, and the two claims on writes only", async () => {
    const { tools } = await (await connect("mover")).listTools();
    expect(tools.map(({ name }) => name)).toEqual(everything.split(", ").toSorted());
    const claimed = tools.filter(({ inputSchema }) => "_rationale" in (inputSchema.properties ?? {}));
    expect(claimed.map(({ name }) => name)).toEqual(["freight.book", "freight.fail", "local.echo", "shop.note"]);
    for (const { inputSchema } of claimed) expect(inputSchema.required ?? []).not.toContain("_rationale");
    expect((await (await connect("watcher")).listTools()).tools.map(({ name }) => name)).toEqual(["freight.quote"]);
  });
});

describe("a call", () => {
  it("reaches the upstream without our claims, under its own key, and the claims are recorded", async () => {
    const client = await connect("mover");
    const args = { route: "Ghent-Lyon", priceMinor: 4200 };
    const result = await client.callTool({
      name: "freight.book",
      arguments: { ...args, _confidence: 0.8, _rationale: "It is the cheapest." },
      _meta: {
        "airworthy/confidence": 0.1,
        "airworthy/run": "run-7",
        "airworthy/task": "Book Ghent-Lyon, it is urgent",
        "example/kept": "yes",
      },
    });
    expect(words(result)).toBe("booked Ghent-Lyon");
    const [call] = bookings("Ghent-Lyon");
    expect(call?.params["arguments"]).toEqual(args);
    expect(JSON.stringify(call?.params)).not.toMatch(
      /_confidence|_rationale|cheapest|urgent|airworthy\/(confidence|rationale|run|task)/,
    );
    expect(call?.params["_meta"]).toMatchObject({ "example/kept": "yes" });
    expect(call?.headers.authorization).toBe("Bearer mcp-secret-1");
    const record = await admin().readAction({ id: actionOf(result).id });
    expect(record).toMatchObject({ confidence: 0.8, rationale: "It is the cheapest.", run: "run-7", arguments: args });
    const { action } = await admin().explainAction({ id: record.id });
    const origins = action.provenance?.map(({ argument, from }) => [argument, from]);
    expect(origins).toEqual([
      ["$.route", "prompt"],
      ["$.priceMinor", "nowhere"],
    ]);
  });

  it("keeps an argument that is called so at the upstream itself", async () => {
    const result = await (
      await connect("mover")
    ).callTool({ name: "freight.rate", arguments: { _confidence: "mine" } });
    expect(words(result)).toBe("mine");
  });

  it("that is refused says so in words, with its reasons and its id, and nothing was done", async () => {
    const client = await connect("mover");
    const result = await client.callTool({ name: "freight.book", arguments: { route: "moon", priceMinor: 1 } });
    expect(result.isError).toBe(true);
    const { id, status } = actionOf(result);
    expect(status).toBe("refused");
    expect(words(result)).toContain("refused and nothing was done");
    expect(words(result)).toContain(id);
    expect(bookings("moon")).toEqual([]);
    const watcher = await connect("watcher");
    await expect(
      watcher.callTool({ name: "freight.book", arguments: { route: "x", priceMinor: 1 } }),
    ).rejects.toMatchObject({ code: -32602, message: expect.stringContaining("not found") });
    expect(bookings("x")).toEqual([]);
    // What is not the agent's does not exist for it; the refusal is on record all the same.
    const { actions } = await admin().listActions({ agent: "watcher", tool: "freight.book" });
    expect(actions).toMatchObject([{ status: "refused" }]);
    const wrong = await client.callTool({ name: "freight.book", arguments: { route: 7, priceMinor: 1 } });
    expect(actionOf(wrong).status).toBe("refused");
    expect(words(wrong)).toContain("do not fit freight.book");
  });

  it("that fails at the upstream passes its own words on", async () => {
    const result = await (await connect("mover")).callTool({ name: "freight.fail", arguments: {} });
    expect([result.isError, words(result), actionOf(result).status]).toEqual([true, "the lorry is gone", "failed"]);
  });

  it("hides what the policy hides, in the text as well as in the structured content", async () => {
    const [seen, hidden] = await Promise.all(
      ["watcher", "masked"].map(async (name) =>
        (await connect(name)).callTool({ name: "freight.quote", arguments: { route: "A-B" } }),
      ),
    );
    expect(JSON.stringify(seen)).toContain("DE02120300000000202051");
    expect(JSON.stringify(hidden)).not.toContain("DE02120300000000202051");
    expect(hidden?.structuredContent).toEqual({ route: "A-B", priceMinor: 4200, iban: "[hidden by policy]" });
  });
});

describe("a call that needs a person", () => {
  it("is pending, then approved, then the identical call gets the result once", async () => {
    const client = await connect("mover");
    const dear = { name: "freight.book", arguments: { route: "Ghent-Oslo", priceMinor: 90_000 } };
    const pending = await client.callTool({ ...dear, arguments: { ...dear.arguments, _confidence: 0.5 } });
    const { id, status, approval } = actionOf(pending);
    expect(status).toBe("waiting");
    expect(words(pending)).toContain("has not run yet");
    expect(words(pending)).toContain("finance");
    expect(actionOf(await client.callTool(dear))).toMatchObject({ id, status: "waiting", approval });
    expect(bookings("Ghent-Oslo")).toEqual([]);
    const maria = createClient({ baseUrl: desk.server.url, key: keys["maria"] ?? "" });
    await maria.decideApproval({ id: approval ?? "apr_", verdict: "approve", reason: "fine" });
    await eventually(async () => (await admin().readAction({ id })).status === "done");
    // Claims are no part of the call: other ones make it no other call.
    const collected = await client.callTool({ ...dear, arguments: { ...dear.arguments, _confidence: 0.9 } });
    expect([words(collected), actionOf(collected).id]).toEqual(["booked Ghent-Oslo", id]);
    expect(bookings("Ghent-Oslo")).toHaveLength(1);
    const anew = await client.callTool(dear);
    expect(actionOf(anew).status).toBe("waiting");
    expect(actionOf(anew).id).not.toBe(id);
    expect(bookings("Ghent-Oslo")).toHaveLength(1);
  });
});

describe("a server that is down", () => {
  it("is not asked when another's tool is called", async () => {
    const client = await connect("patient");
    const before = down.received.length;
    const answer = await client.callTool({ name: "freight.quote", arguments: { route: "Ghent-Oslo" } });
    expect(answer.isError).toBeUndefined();
    expect(down.received).toHaveLength(before);
  });

  it("has its tools refused, on the record, as what may pass; those of others stay listed", async () => {
    const client = await connect("patient");
    const answer = await client.callTool({ name: "down.book", arguments: { route: "Ghent-Oslo" } });
    expect(answer.isError).toBe(true);
    expect(words(answer)).toContain("The server of down.book cannot be reached.");
    expect(words(answer)).toContain("The same call may be allowed later.");
    const record = await admin().readAction({ id: actionOf(answer).id });
    expect(record).toMatchObject({ status: "refused", decision: { reasons: [{ code: "tool_unavailable" }] } });
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["freight.quote"]);
  });
});

describe("a caller who goes away in the middle", () => {
  it("is on record, the write goes on to its end, and the repeat collects it", async () => {
    const client = await connect("mover");
    const gate = createGate();
    freight.before = gate.pass;
    const gone = new AbortController();
    const call = { name: "freight.book", arguments: { route: "Ghent-Rome", priceMinor: 100 } };
    const lost = client.callTool(call, { signal: gone.signal }).catch(() => "lost");
    await gate.arrived;
    gone.abort();
    expect(await lost).toBe("lost");
    const { actions } = await admin().listActions({ agent: "mover", status: "running" });
    expect(actions).toMatchObject([{ tool: "freight.book" }]);
    gate.open();
    const id = actions[0]?.id ?? "act_";
    await eventually(async () => (await admin().readAction({ id })).status === "done");
    const collected = await (await connect("mover")).callTool(call);
    expect([words(collected), actionOf(collected).id]).toEqual(["booked Ghent-Rome", id]);
    expect(bookings("Ghent-Rome")).toHaveLength(1);
    expect(actionOf(await (await connect("mover")).callTool(call)).id).not.toBe(id);
  });
});

describe("a server over stdio", () => {
  it("is used like any other, and is told nothing of ours", async () => {
    const client = await connect("mover");
    expect(words(await client.callTool({ name: "local.echo", arguments: { text: "hello" } }))).toBe("hello");
    const given = words(await client.callTool({ name: "local.environment", arguments: {} }));
    expect(given).not.toMatch(/MCP_KEY|SHOP_KEY|DATABASE_URL/);
  });
});

// Last, because it restarts the server.
describe("a definition that changed at its server", () => {
  it("is held: not offered and not called, until it is pinned again", async () => {
    freight.edition = "second, with a hidden instruction";
    await desk.server.restart();
    const held = await connect("mover");
    const names = (await held.listTools()).tools.map(({ name }) => name);
    expect(names).not.toContain("freight.book");
    expect(names).toContain("freight.quote");
    const call = { name: "freight.book", arguments: { route: "Ghent-Bern", priceMinor: 100 } };
    const refused = await held.callTool(call);
    expect(refused.isError).toBe(true);
    expect(words(refused)).toContain("held until the change is accepted");
    expect(bookings("Ghent-Bern")).toEqual([]);
    await desk.server.apply(await pinned());
    const after = await connect("mover");
    expect((await after.listTools()).tools.find(({ name }) => name === "freight.book")?.description).toContain(
      "second",
    );
    expect(words(await after.callTool(call))).toBe("booked Ghent-Bern");
  });
});
