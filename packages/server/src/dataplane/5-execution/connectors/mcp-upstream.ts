/** An upstream MCP server as a client of revision 2026-07-28 sees it, over Streamable HTTP by our own wire code. */
import { Pool } from "undici";
import type { JsonObject } from "@airworthy/contract";

import type { Sink } from "../../../kernel/deps.ts";
import { createConnect } from "../../../kernel/network/create-connect.ts";
import { connectorAnswerOf } from "./mcp-answer.ts";
import {
  cached,
  callParams,
  listTimeoutMs,
  mcpConnections,
  outgoingParams,
  refuseByDefinition,
  requestTimeoutMs,
  resultOrThrow,
  type McpHttpTarget,
  type McpStdioTarget,
  type McpUpstream,
} from "./mcp-call.ts";
import { exchange, type ExchangeOutcome } from "./mcp-exchange.ts";
import { paramHeadersFor } from "./mcp-param-headers.ts";
import { openStdioUpstream } from "./mcp-stdio.ts";
import { readTools, type KnownTool } from "./mcp-tool-list.ts";
import { encodeHeaderValue, MCP_REVISION, nameParameter } from "./mcp-wire.ts";

type Sending = {
  readonly params: JsonObject;
  readonly headers?: Record<string, string>;
  readonly timeoutMs: number | undefined;
  readonly mayLeave?: () => boolean;
  readonly sink?: Sink | undefined;
  readonly relay?: (method: string) => boolean;
};

const isAboutRequest = (method: string): boolean =>
  method === "notifications/progress" || method === "notifications/message";
const isAboutChange = (method: string): boolean => /\/list_changed$|^notifications\/resources\/updated$/.test(method);

function createSender(
  target: McpHttpTarget,
  pool: Pool,
): (method: string, sending: Sending) => Promise<ExchangeOutcome> {
  const url = new URL(target.url);
  const fixed = {
    ...target.headers,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": MCP_REVISION,
  };
  let lastId = 0;
  return (method, sending) => {
    const parameter = nameParameter(method);
    const name = parameter === undefined ? undefined : sending.params[parameter];
    const headers: Record<string, string> = { ...fixed, ...sending.headers, "mcp-method": encodeHeaderValue(method) };
    if (typeof name === "string") headers["mcp-name"] = encodeHeaderValue(name);
    const { sink, relay = isAboutRequest } = sending;
    return exchange(pool, {
      id: ++lastId,
      method,
      params: sending.params,
      path: url.pathname + url.search,
      headers,
      timeoutMs: sending.timeoutMs,
      mayLeave: sending.mayLeave ?? (() => true),
      ...(sink && { signal: sink.signal }),
      onNotification(about, params) {
        if (relay(about)) sink?.notify(about, params);
      },
    });
  };
}

function openHttpUpstream(target: McpHttpTarget, monotonicMs: () => number): McpUpstream {
  const pool = new Pool(new URL(target.url).origin, {
    connections: mcpConnections,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: createConnect(target.peer ?? {}, 5000),
  });
  const send = createSender(target, pool);
  const ask = async (method: string, params: JsonObject, how: { timeoutMs: number; sink?: Sink | undefined }) =>
    resultOrThrow(await send(method, { params: outgoingParams(params), ...how }));
  const tools = cached(() => readTools((params, timeoutMs) => ask("tools/list", params, { timeoutMs })));
  const discovery = cached(() => ask("server/discover", {}, { timeoutMs: listTimeoutMs }));
  return {
    listTools: async () => (await tools.get()).list,
    discover: discovery.get,
    request: (method, params, sink) => ask(method, params, { timeoutMs: requestTimeoutMs, sink }),
    async callTool(call) {
      const mayLeave = (): boolean => monotonicMs() < call.dispatchBeforeMonoMs;
      if (!mayLeave()) return { kind: "unsent", detail: "it was too late to send it" };
      let live: KnownTool | undefined;
      try {
        live = (await tools.get()).byName.get(call.name);
      } catch {
        return { kind: "unsent", detail: "the server's list of tools could not be read" };
      }
      const refusal = refuseByDefinition(call, live);
      if (refusal) return refusal;
      const headers = paramHeadersFor(live?.paramHeaders ?? [], call.arguments);
      if (call.idempotencyHeader) headers[call.idempotencyHeader.toLowerCase()] = call.idempotencyKey;
      const { timeoutMs, sink } = call;
      return connectorAnswerOf(
        await send("tools/call", { params: callParams(call), headers, timeoutMs, mayLeave, sink }),
      );
    },
    async listen(filter, sink) {
      const relaying: Sink = {
        signal: sink.signal,
        notify(method, params) {
          if (method === "notifications/tools/list_changed") tools.clear();
          sink.notify(method, params);
        },
      };
      const params = outgoingParams({ notifications: filter });
      await send("subscriptions/listen", { params, timeoutMs: undefined, sink: relaying, relay: isAboutChange });
    },
    close: () => pool.destroy(),
  };
}

/** Opens an upstream; nothing is sent or started before the first use. */
export function openMcpUpstream(
  target: McpHttpTarget | McpStdioTarget,
  monotonicMs: () => number = () => performance.now(),
): McpUpstream {
  return "url" in target ? openHttpUpstream(target, monotonicMs) : openStdioUpstream(target, monotonicMs);
}
