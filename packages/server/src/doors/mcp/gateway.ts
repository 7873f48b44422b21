/** What the MCP door needs behind it: who calls, what they may use, and what becomes of a call. */
import type { IncomingHttpHeaders } from "node:http";

import type { JsonObject } from "@airworthy/contract";

import type { McpToolDefinition } from "../../dataplane/5-execution/connectors/mcp-wire.ts";
import type { Sink } from "../../kernel/deps.ts";

export type McpToolCall = {
  readonly name: string;
  readonly arguments: JsonObject;
  /** `inputResponses`, `requestState` and `_meta`, verbatim. */
  readonly protocol?: JsonObject;
  /** What `findTool` found. */
  readonly definition?: McpToolDefinition;
};

export type McpGateway<P> = {
  /** Undefined: not known, the door answers 401. */
  readonly authenticate: (headers: IncomingHttpHeaders) => Promise<P | undefined>;
  /** The tools this caller may use. */
  readonly listTools: (caller: P) => Promise<readonly McpToolDefinition[]>;
  /** One of them, before each call of it: no other tool's server is asked, and the same object comes again. */
  readonly findTool: (caller: P, name: string) => Promise<McpToolDefinition | undefined>;
  /** A complete MCP result, or `input_required`. May throw `McpProtocolError` to answer with that JSON-RPC error. */
  readonly callTool: (caller: P, call: McpToolCall, sink: Sink) => Promise<JsonObject>;
  /** Prompts, resources and completions. Undefined: the method does not exist here. */
  readonly forward: (
    caller: P,
    request: { method: string; params: JsonObject },
    sink: Sink,
  ) => Promise<JsonObject | undefined>;
  /** The capabilities that `server/discover` states. */
  readonly features: (caller: P) => Promise<JsonObject>;
  /** Sends change notifications to the sink until it aborts. Absent: subscriptions are acknowledged and end at once. */
  readonly listen?: (caller: P, filter: JsonObject, sink: Sink) => Promise<void>;
  readonly serverInfo: { readonly name: string; readonly version: string };
};

export type McpDoorLimits = {
  /** Default 4 MiB. */
  readonly maxBodyBytes?: number;
  /** Origins, such as `https://console.example`, whose pages may call. Pages of this machine always may. */
  readonly allowedOrigins?: readonly string[];
  /** Told of every failure that is ours, with the id that the caller was shown. */
  readonly onFailure?: (correlationId: string, error: unknown) => void;
};
