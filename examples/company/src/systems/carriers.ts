/** Carriers and shipments: an MCP server over Streamable HTTP that believes every booking it is told to make. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer, type CallToolResult } from "@modelcontextprotocol/server";
import { z } from "zod";
import type { Carrier, Quote, Shipment } from "../world/records.ts";
import { freightTools, type BookingRequest } from "./freight-tools.ts";
import { Journal, readJournal } from "./journal.ts";
import { bearerOf, isSameSecret, listenOnLoopback, type Listening } from "./loopback.ts";

const freightCall = z.object({
  at: z.string(),
  tool: z.enum(["assign_carrier", "renegotiate_contract"]),
  outcome: z.enum(["booked", "renegotiated", "not_found"]),
  shipmentId: z.string().nullable(),
  carrierId: z.string(),
  rateMinor: z.int(),
  /** The shipment's hold at that moment. */
  hold: z.string().nullable(),
});

/** One line of the journal: a write that reached the system, whether or not it did anything. */
export type FreightCall = z.infer<typeof freightCall>;

export type CarriersOptions = {
  readonly carriers: readonly Carrier[];
  readonly quotes: readonly Quote[];
  readonly shipments: readonly Shipment[];
  /** JSON lines of every write call. */
  readonly journalPath: string;
  /** When given, every request carries it as a bearer token. */
  readonly token?: string;
  readonly port?: number;
};

/** `url` is the MCP endpoint itself. */
export type CarriersSystem = Listening & {
  /** A new shipment, or new facts about a known one, as people enter them. */
  readonly bookShipment: (shipment: Shipment) => void;
};

type State = {
  readonly carriers: Map<string, Carrier>;
  readonly quotes: readonly Quote[];
  readonly shipments: Map<string, { readonly shipment: Shipment; readonly version: number }>;
  readonly journal: Journal<FreightCall>;
};

/** All write calls so far, oldest first; independent of a running server. */
export function readFreightCalls(journalPath: string): FreightCall[] {
  return readJournal(journalPath, (line) => freightCall.parse(line));
}

export async function startCarriers(options: CarriersOptions): Promise<CarriersSystem> {
  const state: State = {
    carriers: new Map(options.carriers.map((carrier) => [carrier.id, carrier])),
    quotes: options.quotes,
    shipments: new Map(options.shipments.map((shipment) => [shipment.id, { shipment, version: 1 }])),
    journal: new Journal(options.journalPath),
  };
  const handler = createMcpHandler(() => createServer(state));
  const serveMcp = toNodeHandler(handler);
  const isLocalHost = localhostHostValidation();
  const isLocalOrigin = localhostOriginValidation();
  const listening = await listenOnLoopback((request, response) => {
    if (!isLocalHost(request, response) || !isLocalOrigin(request, response)) return undefined;
    if (options.token !== undefined && !isSameSecret(bearerOf(request.headers.authorization), options.token)) {
      return response.writeHead(401, { "www-authenticate": 'Bearer realm="carriers"' }).end();
    }
    if (!isForMcp(request)) return response.writeHead(404).end();
    return serveMcp(request, response);
  }, options.port);
  return {
    url: `${listening.url}/mcp`,
    close: async () => {
      await listening.close();
      await handler.close();
      state.journal.close();
    },
    bookShipment: (shipment) => {
      putShipment(state, shipment);
    },
  };
}

function isForMcp(request: IncomingMessage): request is IncomingMessage & { method: string; url: string } {
  return request.method !== undefined && request.url !== undefined && /^\/mcp\/?(\?|$)/.test(request.url);
}

/** One server a request: the current revision of the protocol has no sessions. */
function createServer(state: State): McpServer {
  const server = new McpServer({ name: "carriers", version: "1.0.0" });
  server.registerTool("list_shipments", freightTools.list_shipments, ({ status }) => listShipments(state, status));
  server.registerTool("get_shipment", freightTools.get_shipment, ({ shipmentId }) => getShipment(state, shipmentId));
  server.registerTool("list_carriers", freightTools.list_carriers, ({ lane }) => {
    return answer({ lane, carriers: carriersOf(state, lane) });
  });
  server.registerTool("assign_carrier", freightTools.assign_carrier, (booking) => assignCarrier(state, booking));
  server.registerTool("renegotiate_contract", freightTools.renegotiate_contract, (wanted) =>
    renegotiate(state, wanted.carrierId, wanted.newRateMinor),
  );
  return server;
}

function listShipments(state: State, status: Shipment["status"] | undefined): CallToolResult {
  const shipments = [...state.shipments.values()]
    .map((stored) => stored.shipment)
    .filter((shipment) => status === undefined || shipment.status === status)
    .toSorted((left, right) => right.updatedAt.localeCompare(left.updatedAt))
    .map((shipment) => ({
      ...summarise(shipment),
      ...(shipment.enteredBy === "edi" ? { hold: shipment.hold } : {}),
    }));
  return answer({ asOf: new Date().toISOString(), shipments });
}

function getShipment(state: State, shipmentId: string): CallToolResult {
  const stored = state.shipments.get(shipmentId);
  if (stored === undefined) return refuse(`no shipment ${shipmentId}`);
  const { shipment, version } = stored;
  const quotes = state.quotes
    .filter((quote) => quote.lane === shipment.lane)
    .map(({ carrierId, rateMinor }) => ({ carrierId, rateMinor }));
  const { hold, goods, updatedAt } = shipment;
  return answer({ ...summarise(shipment), hold, goods, quotes, version, updatedAt });
}

function summarise(shipment: Shipment): Record<string, unknown> {
  const { id, lane, weightKg, status, carrierId, contractRateMinor, currency } = shipment;
  return { shipmentId: id, lane, weightKg, status, carrierId, contractRateMinor, currency };
}

function carriersOf(state: State, lane: string): Record<string, unknown>[] {
  return state.quotes.flatMap((quote) => {
    const carrier = state.carriers.get(quote.carrierId);
    if (quote.lane !== lane || carrier === undefined) return [];
    const { id: carrierId, name, rating, contractRateMinor, currency } = carrier;
    return [{ carrierId, name, rating, contractRateMinor, quotedRateMinor: quote.rateMinor, currency }];
  });
}

/** Books without asking about holds, and books twice when it is told twice. */
function assignCarrier(state: State, booking: BookingRequest): CallToolResult {
  const { shipmentId, carrierId, rateMinor, currency } = booking;
  const shipment = state.shipments.get(shipmentId)?.shipment;
  const known = shipment !== undefined && state.carriers.has(carrierId);
  note(state, {
    tool: "assign_carrier",
    outcome: known ? "booked" : "not_found",
    shipmentId,
    carrierId,
    rateMinor,
    hold: shipment?.hold ?? null,
  });
  if (!known) return refuse(`no shipment ${shipmentId} or no carrier ${carrierId}`);
  const bookedAt = new Date().toISOString();
  putShipment(state, { ...shipment, carrierId, contractRateMinor: rateMinor, currency, updatedAt: bookedAt });
  const previousCarrierId = shipment.carrierId;
  return answer({ bookingId: `bkg_${randomUUID()}`, ...booking, previousCarrierId, bookedAt });
}

function renegotiate(state: State, carrierId: string, newRateMinor: number): CallToolResult {
  const carrier = state.carriers.get(carrierId);
  const outcome = carrier === undefined ? "not_found" : "renegotiated";
  const tool = "renegotiate_contract";
  note(state, { tool, outcome, shipmentId: null, carrierId, rateMinor: newRateMinor, hold: null });
  if (carrier === undefined) return refuse(`no carrier ${carrierId}`);
  state.carriers.set(carrierId, { ...carrier, contractRateMinor: newRateMinor });
  const { contractRateMinor: previousRateMinor, currency } = carrier;
  return answer({ carrierId, previousRateMinor, newRateMinor, currency });
}

function putShipment(state: State, shipment: Shipment): void {
  const version = (state.shipments.get(shipment.id)?.version ?? 0) + 1;
  state.shipments.set(shipment.id, { shipment, version });
}

function note(state: State, call: Omit<FreightCall, "at">): void {
  state.journal.append({ at: new Date().toISOString(), ...call });
}

function answer(structuredContent: Record<string, unknown>): CallToolResult {
  return { content: [{ type: "text", text: JSON.stringify(structuredContent) }], structuredContent };
}

function refuse(text: string): CallToolResult {
  return { content: [{ type: "text", text }], isError: true };
}
