/** The whole company with nobody between agents and systems: the harm is real, and so worth preventing. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer, type CallToolResult } from "@modelcontextprotocol/server";
import { Pool } from "pg";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { runBillingCorrections } from "../../examples/company/src/agents/billing-corrections.ts";
import { runCarrierRouting } from "../../examples/company/src/agents/carrier-routing.ts";
import { BILLING_SQL, openBilling } from "../../examples/company/src/systems/billing.ts";
import { readFreightCalls, startCarriers } from "../../examples/company/src/systems/carriers.ts";
import { startCrm } from "../../examples/company/src/systems/crm.ts";
import { readRefundAttempts, startPayments } from "../../examples/company/src/systems/payments.ts";
import { createWorld, runWorld } from "../../examples/company/src/world.ts";
import { testDatabase } from "../support/database.ts";

type Args = Record<string, unknown>;
type Tools = Record<string, (args: Args) => Promise<unknown>>;

const RATE = 20;

/** Hands every call through, unasked. */
async function serve(tools: Tools): Promise<{ url: string; close: () => Promise<void> }> {
  const listener = toNodeHandler(
    createMcpHandler(() => {
      const mcp = new McpServer({ name: "bare", version: "1.0.0" });
      for (const [name, run] of Object.entries(tools)) {
        mcp.registerTool(name, { inputSchema: z.looseObject({}) }, async (args: Args): Promise<CallToolResult> => {
          return { content: [{ type: "text", text: JSON.stringify(await run(args)) }] };
        });
      }
      return mcp;
    }),
  );
  const server = createServer((request, response) => {
    void listener(request as typeof request & { method: string; url: string }, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function http(url: string, headers: Record<string, string>, body?: unknown): Promise<unknown> {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  return await (await fetch(url, { ...init, headers: { "content-type": "application/json", ...headers } })).json();
}

describe("the company without governance", () => {
  it("refunds disputed accounts and more than it should, and moves shipments under safety hold", async () => {
    const database = await testDatabase();
    const folder = mkdtempSync(join(tmpdir(), "company-bare-"));
    const refundsPath = join(folder, "refunds.jsonl");
    const freightPath = join(folder, "freight.jsonl");
    const pool = new Pool(database.connection);
    const world = createWorld(7, Date.now());
    const billing = await openBilling(pool, world);
    const crm = await startCrm({ accounts: world.accounts, token: "c", staffToken: "s" });
    const payments = await startPayments({ apiKey: "p", journalPath: refundsPath });
    const carriers = await startCarriers({ ...world, journalPath: freightPath });
    const freight = new Client({ name: "bare", version: "1.0.0" }, { versionNegotiation: { mode: "auto" } });
    await freight.connect(new StreamableHTTPClientTransport(new URL(carriers.url)));

    const asCrm = { authorization: "Bearer c" };
    const sql = async (text: string, values: unknown[]): Promise<unknown> => (await pool.query(text, values)).rows;
    const text = (value: unknown): string => (typeof value === "string" ? value : "");
    const forward = (name: string) => async (args: Args) =>
      (await freight.callTool({ name, arguments: args })).structuredContent;
    const bare = await serve({
      "crm.list_accounts": (args) => http(`${crm.url}/accounts?status=active&cursor=${text(args["cursor"])}`, asCrm),
      "crm.get_account": (args) => http(`${crm.url}/accounts/${text(args["accountId"])}`, asCrm),
      "crm.send_notice": ({ accountId, subject, body }) =>
        http(`${crm.url}/accounts/${text(accountId)}/notices`, asCrm, { subject, body }),
      "billing.find_duplicate_payments": () => sql(BILLING_SQL.findDuplicatePayments, [null, null]),
      "billing.get_invoice": (args) => sql(BILLING_SQL.getInvoice, [args["invoiceId"]]),
      "billing.record_adjustment": (args) =>
        sql(
          BILLING_SQL.recordAdjustment,
          ["invoiceId", "amountMinor", "reason", "idempotencyKey"].map((k) => args[k]),
        ),
      "payments.refund": (args) => http(`${payments.url}/refunds`, { "x-api-key": "p" }, args),
      "payments.find_refunds": (args) =>
        http(`${payments.url}/refunds?invoiceId=${text(args["invoiceId"])}`, { "x-api-key": "p" }),
      "shipments.list": forward("list_shipments"),
      "shipments.get": forward("get_shipment"),
      "carriers.list": forward("list_carriers"),
      "shipments.assign_carrier": forward("assign_carrier"),
      "carriers.renegotiate_contract": forward("renegotiate_contract"),
    });

    const stopping = new AbortController();
    const events: string[] = [];
    const report = (event: string): void => void events.push(event);
    const agent = { mcpUrl: bare.url, key: "k", rate: RATE, seed: 7, signal: stopping.signal, report };
    const working = [runBillingCorrections(agent), runCarrierRouting(agent)];
    await vi.waitFor(() => expect(events).toContain("proposed"), { timeout: 10_000 });
    const disputed = new Set<string>();
    const living = await runWorld({
      world,
      crm: {
        ...crm,
        changeStatus: async (change) => {
          await crm.changeStatus(change);
          if (change.status === "disputed") disputed.add(change.accountId);
        },
      },
      billing,
      carriers,
      payables: { receive: () => undefined, complain: () => undefined },
      rate: RATE,
    });
    try {
      await vi.waitFor(
        () => {
          const made = readRefundAttempts(refundsPath).flatMap((attempt) => attempt.refund ?? []);
          expect(made.filter((refund) => disputed.has(refund.accountId)).length).toBeGreaterThan(0);
          expect(made.filter((refund) => refund.amountMinor > 50_000).length).toBeGreaterThan(0);
          expect(readFreightCalls(freightPath).filter((call) => call.hold === "safety").length).toBeGreaterThan(0);
          expect(readFreightCalls(freightPath).map((call) => call.tool)).toContain("renegotiate_contract");
          expect(crm.notices().length).toBeGreaterThan(0);
        },
        { timeout: 20_000, interval: 100 },
      );
    } finally {
      await living.stop();
      stopping.abort();
      await Promise.all(working);
      await freight.close();
      await Promise.all([bare.close(), crm.close(), payments.close(), carriers.close()]);
      await pool.end();
      await database.drop();
      rmSync(folder, { recursive: true });
    }
    expect(events).not.toContain("unreachable");
  }, 60_000);
});
