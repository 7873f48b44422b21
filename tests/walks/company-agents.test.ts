/** The two agents against a small MCP server: what they read, propose, repeat and drop, and that they outlive it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer, type CallToolResult } from "@modelcontextprotocol/server";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { z } from "zod";
import { runBillingCorrections } from "../../examples/company/src/agents/billing-corrections.ts";
import { runCarrierRouting } from "../../examples/company/src/agents/carrier-routing.ts";
import type { AgentOptions } from "../../examples/company/src/agents/command-line.ts";

type Args = Record<string, unknown>;
type Tool = { readonly args: readonly string[]; readonly answer: (args: Args) => unknown };
type Event = Args & { readonly event: string };

const KEY = "agent-key";
const WAIT = { timeout: 10_000, interval: 20 };
let calls: { name: string; args: Args }[];
let events: Event[];
let server: Server | undefined;
let stopping: AbortController;
let running: Promise<void> | undefined;

beforeEach(() => {
  calls = [];
  events = [];
  stopping = new AbortController();
});
afterEach(async () => {
  stopping.abort();
  await running;
  await stopServer();
});

async function serve(tools: Record<string, Tool>, port = 0): Promise<string> {
  const handler = createMcpHandler(() => {
    const mcp = new McpServer({ name: "test", version: "1.0.0" });
    for (const [name, tool] of Object.entries(tools)) {
      const inputSchema = z.object(Object.fromEntries(tool.args.map((arg) => [arg, z.unknown().optional()])));
      mcp.registerTool(name, { inputSchema }, (args: Args): CallToolResult => {
        calls.push({ name, args });
        const answer = tool.answer(args);
        if (typeof answer === "string") return { isError: true, content: [{ type: "text", text: answer }] };
        return { content: [], structuredContent: answer };
      });
    }
    return mcp;
  });
  const listener = toNodeHandler(handler);
  server = createServer((request, response) => {
    if (request.headers.authorization !== `Bearer ${KEY}`) return void response.writeHead(401).end();
    return void listener(request as typeof request & { method: string; url: string }, response);
  });
  await new Promise<void>((resolve) => server?.listen(port, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

async function stopServer(): Promise<void> {
  const closing = server;
  server = undefined;
  if (closing === undefined) return;
  await new Promise<void>((resolve) => {
    closing.close(() => {
      resolve();
    });
    closing.closeAllConnections();
  });
}

function run(agent: (options: AgentOptions) => Promise<void>, mcpUrl: string): void {
  const report: AgentOptions["report"] = (event, fields) => events.push({ event, ...fields });
  running = agent({ mcpUrl, key: KEY, rate: 40, seed: 7, signal: stopping.signal, report });
}

async function until(event: string): Promise<Event> {
  return await vi.waitFor(() => {
    const found = events.find((candidate) => candidate.event === event);
    if (found === undefined) throw new Error(`no ${event} yet: ${JSON.stringify(events.slice(-5))}`);
    return found;
  }, WAIT);
}

function made(name: string): Args[] {
  return calls.filter((call) => call.name === name).map((call) => call.args);
}

const duplicate = {
  paymentId: "pay-2",
  firstPaymentId: "pay-1",
  invoiceId: "inv-1001",
  accountId: "acc-0001",
  amountMinor: 12_900,
  invoiceAmountMinor: 12_900,
  paidMinor: 25_800,
  currency: "EUR",
  poNumber: "PO-10000",
  firstReference: "INV 1001",
  reference: "INV 1001",
  firstReceivedAt: "2026-09-01T08:00:00Z",
  receivedAt: "2026-09-01T08:10:00Z",
};
const STATED = ["_confidence", "_rationale"];

function billingTools(refund: (args: Args) => unknown, statusNow = "active"): Record<string, Tool> {
  const accounts = [{ id: "acc-0001", status: "active" }];
  return {
    "crm.list_accounts": { args: ["status", "cursor"], answer: () => ({ asOf: "2026-09-01T08:00:00Z", accounts }) },
    "crm.get_account": { args: ["accountId"], answer: () => ({ id: "acc-0001", status: statusNow }) },
    "crm.send_notice": { args: ["accountId", "subject", "body"], answer: () => ({ id: "ntc_1" }) },
    "billing.find_duplicate_payments": { args: [], answer: () => ({ rows: [duplicate] }) },
    "billing.get_invoice": { args: ["invoiceId"], answer: () => ({ rows: [{ ...duplicate, status: "paid" }] }) },
    "billing.record_adjustment": {
      args: ["invoiceId", "amountMinor", "reason", "idempotencyKey"],
      answer: () => ({ rows: [{ adjustmentId: "a" }] }),
    },
    "payments.refund": {
      args: ["invoiceId", "accountId", "amountMinor", "currency", "reason", ...STATED],
      answer: refund,
    },
    "payments.find_refunds": { args: ["invoiceId"], answer: () => ({ refunds: [] }) },
  };
}

it("refunds, books and tells, and states how sure it is where it is asked", async () => {
  run(runBillingCorrections, await serve(billingTools(() => ({ id: "rfd_1" }))));
  await until("done");
  const writes = calls.map((call) => call.name).filter((name) => /refund$|record|send/.test(name));
  expect(writes).toEqual(["payments.refund", "billing.record_adjustment", "crm.send_notice"]);
  expect(made("payments.refund")[0]).toMatchObject({ invoiceId: "inv-1001", amountMinor: 12_900, _confidence: 0.97 });
  expect(typeof made("payments.refund")[0]?.["_rationale"]).toBe("string");
  expect(Object.keys(made("billing.record_adjustment")[0] ?? {})).not.toContain("_confidence");
});

it("reads the account again when a fact changed, and drops a disputed one", async () => {
  const changed = "Not done: crm.account.status changed. Read it again.";
  run(runBillingCorrections, await serve(billingTools(() => changed, "disputed")));
  expect(await until("dropped")).toMatchObject({ why: "the account is disputed" });
  expect(made("crm.get_account")).toHaveLength(1);
  expect(made("payments.refund")).toHaveLength(1);
});

it("decides again after a change, and goes on when the account is still active", async () => {
  const answers = ["A fact changed, read again."];
  run(runBillingCorrections, await serve(billingTools(() => answers.shift() ?? { id: "rfd_1" })));
  await until("done");
  expect(made("payments.refund")).toHaveLength(2);
});

it("repeats the identical call while it is pending", async () => {
  const answers = ["Pending: repeat the identical call.", "Pending: repeat the identical call."];
  run(runBillingCorrections, await serve(billingTools(() => answers.shift() ?? { id: "rfd_1" })));
  await until("done");
  const [first, ...repeats] = made("payments.refund");
  expect(repeats).toEqual([first, first]);
});

it("drops what is refused, and does not ask again", async () => {
  run(runBillingCorrections, await serve(billingTools(() => "Refused: above the limit.")));
  expect(await until("dropped")).toMatchObject({ why: "Refused: above the limit." });
  const looks = made("billing.find_duplicate_payments").length;
  await vi.waitFor(() => {
    expect(made("billing.find_duplicate_payments").length).toBeGreaterThan(looks + 1);
  }, WAIT);
  expect(made("payments.refund")).toHaveLength(1);
});

it("outlives its server, and finishes the case when the server is back", async () => {
  const answers = ["Pending: repeat the identical call."];
  const tools = billingTools(() => answers.shift() ?? { id: "rfd_1" });
  const url = await serve(tools);
  run(runBillingCorrections, url);
  await until("pending");
  await stopServer();
  await until("unreachable");
  await serve(tools, Number(new URL(url).port));
  await until("done");
  expect(made("crm.send_notice")).toHaveLength(1);
});

it("moves a shipment to the cheaper carrier, unseen hold or not, and asks once for a contract out of line", async () => {
  const shipment = {
    shipmentId: "shp-1",
    lane: "HAM-MIL",
    status: "planned",
    carrierId: "car-01",
    contractRateMinor: 100_000,
    currency: "EUR",
  };
  const carriers = [
    { carrierId: "car-01", rating: 4, contractRateMinor: 200_000, quotedRateMinor: 100_000 },
    { carrierId: "car-02", rating: 4, contractRateMinor: 60_000, quotedRateMinor: 60_000 },
  ];
  const shipments = [shipment, { ...shipment, shipmentId: "shp-2", hold: "safety" }];
  const assign = (args: Args): unknown => (args["shipmentId"] === "shp-1" ? "A fact changed: read again." : {});
  run(
    runCarrierRouting,
    await serve({
      "shipments.list": { args: ["status"], answer: () => ({ shipments }) },
      "shipments.get": { args: ["shipmentId"], answer: () => ({ ...shipment, hold: "safety" }) },
      "carriers.list": { args: ["lane"], answer: () => ({ carriers }) },
      "shipments.assign_carrier": { args: ["shipmentId", "carrierId", "rateMinor", "currency"], answer: assign },
      "carriers.renegotiate_contract": { args: ["carrierId", "newRateMinor", ...STATED], answer: () => "Refused." },
    }),
  );
  await vi.waitFor(() => {
    const closed = events.filter((event) => ["dropped", "skipped"].includes(event.event));
    expect(new Set(closed.map((event) => event["case"]))).toEqual(new Set(["contract of car-01", "shp-1", "shp-2"]));
    expect(closed).toHaveLength(3);
  }, WAIT);
  expect(made("shipments.assign_carrier")).toEqual([
    { shipmentId: "shp-1", carrierId: "car-02", rateMinor: 60_000, currency: "EUR" },
  ]);
  expect(made("carriers.renegotiate_contract")).toHaveLength(1);
});

const program = fileURLToPath(new URL("../../examples/company/src/agents/billing-corrections.ts", import.meta.url));

it("runs as a program of its own that tells its events line by line and stops when it is asked to", async () => {
  const folder = mkdtempSync(join(tmpdir(), "company-agent-"));
  const keyFile = join(folder, "key");
  writeFileSync(keyFile, `${KEY}\n`);
  const url = await serve(billingTools(() => ({ id: "rfd_1" })));
  const child = spawn(
    process.execPath,
    ["--conditions=airworthy-source", "--import", "tsx", program, "--mcp", url, "--key-file", keyFile, "--rate", "20"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const output = text(child.stdout);
  await vi.waitFor(() => expect(made("crm.send_notice")).toHaveLength(1), WAIT);
  child.kill("SIGTERM");
  const [code] = (await once(child, "exit")) as [number | null];
  rmSync(folder, { recursive: true });
  expect(code).toBe(0);
  const lines = (await output).trim().split("\n");
  const told = lines.map((line) => JSON.parse(line) as { at: string; agent: string; event: string });
  expect(new Set(told.map((line) => line.agent))).toEqual(new Set(["billing-corrections"]));
  expect(told.map((line) => line.event)).toEqual(
    expect.arrayContaining(["started", "proposed", "accepted", "stopped"]),
  );
}, 30_000);

it("says what is missing when it is started without an address", async () => {
  const child = spawn(process.execPath, ["--conditions=airworthy-source", "--import", "tsx", program], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const complaint = await text(child.stderr);
  expect(complaint).toContain("--mcp");
  expect(complaint).toContain("--key-file");
}, 30_000);
