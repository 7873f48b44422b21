/** The upstream port of MCP, and what both its ways (HTTP and stdio) do alike: parameters, pins, errors, caching. */
import { AirworthyError, type Json, type JsonObject } from "@airworthy/contract";

import type { ConnectorAnswer, Sink } from "../../../kernel/deps.ts";
import { isJsonObject } from "../../../kernel/json.ts";
import type { Peer } from "../../../kernel/network/peer.ts";
import type { ExchangeOutcome } from "./mcp-exchange.ts";
import { MCP_REVISION, McpProtocolError, metaKey, type McpToolDefinition } from "./mcp-wire.ts";

export type McpUpstreamCall = {
  readonly name: string;
  readonly arguments: JsonObject;
  /** What the caller's request carried besides: `inputResponses`, `requestState`, `_meta`. */
  readonly protocol?: JsonObject;
  readonly timeoutMs: number;
  readonly dispatchBeforeMonoMs: number;
  readonly sink?: Sink;
  readonly idempotencyKey: string;
  /** A header in which this server expects our idempotency key. */
  readonly idempotencyHeader?: string;
  /** The digest of the definition this call was reviewed with; another one at the server refuses the call. */
  readonly pin?: string;
};

export type McpUpstream = {
  /** All pages. A list is looked at again after 30 s, or when a listener heard that it changed. */
  readonly listTools: () => Promise<readonly McpToolDefinition[]>;
  readonly callTool: (call: McpUpstreamCall) => Promise<ConnectorAnswer>;
  /** Any other request. Throws {@link McpProtocolError} for the server's errors, `unavailable` when it cannot be reached. */
  readonly request: (method: string, params: JsonObject, sink?: Sink) => Promise<JsonObject>;
  readonly discover: () => Promise<JsonObject>;
  /** Relays change notifications to the sink until its signal aborts or the server ends the stream. */
  readonly listen: (filter: JsonObject, sink: Sink) => Promise<void>;
  readonly close: () => Promise<void>;
};

export type McpHttpTarget = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Default: a plain connection. */
  readonly peer?: Peer;
};
export type McpStdioTarget = {
  readonly command: readonly string[];
  /** The whole environment of the child. */
  readonly environment?: Readonly<Record<string, string>>;
};

/** To one server at once. */
export const mcpConnections = 128;
export const requestTimeoutMs = 60_000;
/** For a whole list, all its pages together. */
export const listTimeoutMs = 5_000;
const cacheMs = 30_000;
const failureMs = 5_000;
/** Who we say we are towards upstreams when the caller did not say who it is. */
export const gatewayInfo = { name: "airworthy", version: "0.0.1" } as const;

/** The parameters as we send them: the caller's `_meta`, less our own keys and extensions that the gateway does not speak. */
export function outgoingParams(params: JsonObject, extra?: JsonObject): JsonObject {
  const given = isJsonObject(params["_meta"]) ? params["_meta"] : {};
  const kept = Object.entries(given).filter(([key]) => !key.startsWith("airworthy/"));
  const declared = given[metaKey.clientCapabilities];
  const { extensions: _, ...capabilities } = isJsonObject(declared) ? declared : {};
  const meta: Record<string, Json> = {
    [metaKey.clientInfo]: gatewayInfo,
    ...Object.fromEntries(kept),
    [metaKey.protocolVersion]: MCP_REVISION,
    [metaKey.clientCapabilities]: capabilities,
    ...extra,
  };
  return { ...params, _meta: meta };
}

/** Parameters of `tools/call` for an upstream call. */
export function callParams(call: McpUpstreamCall): JsonObject {
  const { inputResponses, requestState, _meta } = call.protocol ?? {};
  const params: Record<string, Json> = { name: call.name, arguments: call.arguments };
  if (inputResponses !== undefined) params["inputResponses"] = inputResponses;
  if (requestState !== undefined) params["requestState"] = requestState;
  if (_meta !== undefined) params["_meta"] = _meta;
  return outgoingParams(params, { [metaKey.idempotencyKey]: call.idempotencyKey });
}

/** The result of an outcome, or its error thrown. */
export function resultOrThrow(outcome: ExchangeOutcome): JsonObject {
  if (outcome.kind === "result") return outcome.result;
  if (outcome.kind === "error") throw new McpProtocolError(outcome.code, outcome.message, outcome.data);
  if (outcome.kind === "status") {
    const { status } = outcome;
    throw new AirworthyError("unavailable", `the MCP server answered HTTP ${status}`, { retryable: status >= 500 });
  }
  throw new AirworthyError("unavailable", `the MCP server did not answer: ${outcome.detail}`, { retryable: true });
}

/** Why a call must not be sent although its arguments are fine; undefined when it may. */
export function refuseByDefinition(
  call: McpUpstreamCall,
  live: { readonly pin: string } | undefined,
): ConnectorAnswer | undefined {
  if (call.pin === undefined || live?.pin === call.pin) return undefined;
  const detail = live
    ? `the definition of ${call.name} changed since it was reviewed; run \`airworthy tools pin\``
    : `the server no longer offers ${call.name}, which was reviewed; run \`airworthy tools pin\``;
  return { kind: "rejected", code: "tool_changed", detail };
}

/**
 * A value that is fetched again once it is older than 30 s; concurrent readers share one fetch. A failure is kept for
 * 5 s, so that not every reader waits for a server that is down.
 */
export function cached<T>(
  fetch: () => Promise<T>,
  monotonicMs: () => number = () => performance.now(),
): { readonly get: () => Promise<T>; readonly clear: () => void } {
  let held: { readonly value: Promise<T>; until: number } | undefined;
  return {
    get() {
      if (held && monotonicMs() < held.until) return held.value;
      const entry = { value: fetch(), until: monotonicMs() + cacheMs };
      held = entry;
      entry.value.catch(() => {
        entry.until = monotonicMs() + failureMs;
      });
      return entry.value;
    },
    clear: () => {
      held = undefined;
    },
  };
}
