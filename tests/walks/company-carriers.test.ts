/** The carriers system by itself, driven by the protocol's own client. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readFreightCalls, startCarriers, type CarriersSystem } from "../../examples/company/src/systems/carriers.ts";
import { createWorld } from "../../examples/company/src/world.ts";

const TOKEN = "carriers-token";
const world = createWorld(7);
let folder: string;
let journalPath: string;
let system: CarriersSystem;
let client: Client;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "company-carriers-"));
  journalPath = join(folder, "journal.jsonl");
  system = await startCarriers({ ...world, journalPath, token: TOKEN });
  client = await connect(TOKEN);
});
afterEach(async () => {
  await client.close();
  await system.close();
  rmSync(folder, { recursive: true });
});

async function connect(token: string): Promise<Client> {
  const connecting = new Client(
    { name: "test", version: "1.0.0" },
    { versionNegotiation: { mode: { pin: "2026-07-28" } } },
  );
  const headers = { authorization: `Bearer ${token}` };
  await connecting.connect(new StreamableHTTPClientTransport(new URL(system.url), { requestInit: { headers } }));
  return connecting;
}

async function call<T>(name: string, args: Record<string, unknown>): Promise<T> {
  const result = await client.callTool({ name, arguments: args });
  expect(result.isError ?? false).toBe(false);
  return result.structuredContent as T;
}

type Listed = { shipmentId: string; hold?: string; lane: string; carrierId: string };

it("answers nobody without its token", async () => {
  await expect(connect("other")).rejects.toThrow(/401|unauthori[sz]ed/i);
});

it("offers the same tools every time, with schemas and hints", async () => {
  const { tools } = await client.listTools();
  const other = await connect(TOKEN);
  const again = await other.listTools();
  await other.close();
  expect(JSON.stringify(again.tools)).toBe(JSON.stringify(tools));
  expect(tools.map((tool) => [tool.name, tool.annotations?.readOnlyHint])).toEqual([
    ["list_shipments", true],
    ["get_shipment", true],
    ["list_carriers", true],
    ["assign_carrier", false],
    ["renegotiate_contract", false],
  ]);
  expect(tools.every((tool) => tool.inputSchema.type === "object" && tool.outputSchema !== undefined)).toBe(true);
});

it("lists holds only as far as the planning index knows them, and has all of them on the record", async () => {
  const held = world.shipments[50];
  if (held === undefined) throw new Error("the world has too few shipments");
  system.bookShipment({ ...held, id: "shp-desk", hold: "safety", enteredBy: "desk" });
  system.bookShipment({ ...held, id: "shp-edi", hold: "customs", enteredBy: "edi" });
  const { shipments } = await call<{ shipments: Listed[] }>("list_shipments", { status: "planned" });
  const found = new Map(shipments.map((shipment) => [shipment.shipmentId, shipment.hold]));
  expect([found.get("shp-desk"), found.get("shp-edi")]).toEqual([undefined, "customs"]);
  expect(await call("get_shipment", { shipmentId: "shp-desk" })).toMatchObject({ hold: "safety" });
});

it("books whatever it is told, each time anew, and writes each call down", async () => {
  const shipment = world.shipments.find((candidate) => candidate.status === "planned");
  const { carriers } = await call<{ carriers: { carrierId: string; quotedRateMinor: number }[] }>("list_carriers", {
    lane: shipment?.lane,
  });
  expect(carriers).toHaveLength(4);
  const [offer] = carriers;
  const booking = {
    shipmentId: shipment?.id,
    carrierId: offer?.carrierId,
    rateMinor: offer?.quotedRateMinor,
    currency: "EUR",
  };
  const first = await call<{ bookingId: string }>("assign_carrier", booking);
  const second = await call<{ bookingId: string }>("assign_carrier", booking);
  expect(second.bookingId).not.toBe(first.bookingId);
  expect(await call("get_shipment", { shipmentId: shipment?.id })).toMatchObject({ carrierId: offer?.carrierId });
  await call("renegotiate_contract", { carrierId: offer?.carrierId, newRateMinor: 1_000 });
  const missing = await client.callTool({ name: "assign_carrier", arguments: { ...booking, shipmentId: "shp-none" } });
  expect(missing.isError).toBe(true);
  expect(readFreightCalls(journalPath).map((entry) => [entry.tool, entry.outcome])).toEqual([
    ["assign_carrier", "booked"],
    ["assign_carrier", "booked"],
    ["renegotiate_contract", "renegotiated"],
    ["assign_carrier", "not_found"],
  ]);
});
