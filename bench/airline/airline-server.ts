/** The airline as an MCP server: one recorded state at a time, moved on by the writes that reach it. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";

import type { JsonObject } from "@airworthy/contract";

import { revision } from "../mcp-tools.ts";
import type { Airline, RecordedCall } from "./airline-data.ts";
import { airlineNow, carryOut, isWrite, Refusal } from "./airline-system.ts";
import { airlineTools } from "./airline-tools.ts";

export type AirlineServer = {
  readonly url: string;
  airline: Airline;
  /** What is under way: searches, sums and talk are answered as they were recorded. */
  call: RecordedCall | undefined;
  readonly close: () => Promise<void>;
};

type Message = {
  readonly id: number;
  readonly method: string;
  readonly params: { readonly name?: string; readonly arguments?: JsonObject };
};

export async function startAirline(airline: Airline): Promise<AirlineServer> {
  const state: { airline: Airline; call: RecordedCall | undefined } = { airline, call: undefined };
  const capabilities = { tools: {} };
  const plain: Readonly<Record<string, JsonObject>> = {
    "server/discover": { supportedVersions: [revision], capabilities, ttlMs: 0, cacheScope: "private" },
    "tools/list": { tools: airlineTools.map(({ definition }) => definition), ttlMs: 0, cacheScope: "private" },
  };
  const server = createServer((request, response) => {
    void readMessage(request).then(({ id, method, params }) => {
      const result = plain[method] ?? answer(state, params.name ?? "", params.arguments ?? {});
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ jsonrpc: "2.0", id, result: { resultType: "complete", ...result } }));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the airline has no port");
  return Object.assign(state, {
    url: `http://127.0.0.1:${address.port}/mcp`,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}

async function readMessage(request: IncomingMessage): Promise<Message> {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(request, "end");
  return JSON.parse(Buffer.concat(chunks).toString());
}

type State = { airline: Airline; readonly call: RecordedCall | undefined };

function answer(state: State, name: string, args: JsonObject): JsonObject {
  if (!isWrite(name)) return read(state, name, args);
  try {
    const done = carryOut(state.airline, { name, args });
    state.airline = done.airline;
    return typeof done.answer === "string" ? told(done.answer) : found(done.answer, done.answer);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ...told(error.message), isError: true };
  }
}

/** A user's record does not name the user; what the gateway reads does. */
function read({ airline, call }: State, name: string, args: JsonObject): JsonObject {
  const [reservation, user, flight] = [args["reservation_id"], args["user_id"], args["flight_number"]].map(String);
  const records: Readonly<Record<string, () => JsonObject>> = {
    get_reservation_details: () => orMissing(airline.reservations, reservation, {}),
    get_user_details: () => orMissing(airline.users, user, { user_id: user ?? "" }),
    get_flight: () => orMissing(airline.flights, flight, {}),
    get_current_time: () => found({}, { clock: "airline", now: `${airlineNow}-05:00` }),
  };
  return records[name]?.() ?? told(call?.answer ?? "");
}

function orMissing<T extends object>(
  records: Readonly<Record<string, T>>,
  id: string | undefined,
  more: JsonObject,
): JsonObject {
  const record = id === undefined ? undefined : records[id];
  return record === undefined
    ? { ...told("Error: not found"), isError: true }
    : found(JSON.parse(JSON.stringify(record)), { ...JSON.parse(JSON.stringify(record)), ...more });
}

const told = (text: string): JsonObject => ({ content: [{ type: "text", text }] });
const found = (said: JsonObject, structuredContent: JsonObject): JsonObject => ({
  ...told(JSON.stringify(said)),
  structuredContent,
});
