/** The MCP door: HTTP in, one governed answer out, for the current protocol revision; our own wire code on node:http. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

import { AirworthyError, type Json, type JsonObject } from "@airworthy/contract";

import {
  paramHeaderMismatch,
  paramHeadersOf,
  type ParamHeader,
} from "../../dataplane/5-execution/connectors/mcp-param-headers.ts";
import {
  MCP_REVISION,
  McpProtocolError,
  metaKey,
  rpcCode,
  type McpToolDefinition,
} from "../../dataplane/5-execution/connectors/mcp-wire.ts";
import { isJsonObject, parseJsonStrict } from "../../kernel/json.ts";
import type { McpDoorLimits, McpGateway, McpToolCall } from "./gateway.ts";
import { drainBody, readBody } from "./read-body.ts";
import { readRequest, type McpRequest } from "./read-request.ts";
import { beginReply, sendJson, type Reply, type RpcError } from "./reply.ts";
import { serveListen } from "./serve-listen.ts";

export type { McpDoorLimits, McpGateway, McpToolCall } from "./gateway.ts";
export { McpProtocolError } from "../../dataplane/5-execution/connectors/mcp-wire.ts";

const listTtlMs = 30_000;
const forwarded = new Set([
  "prompts/list",
  "prompts/get",
  "resources/list",
  "resources/templates/list",
  "resources/read",
  "completion/complete",
]);
const cacheable = new Set(["prompts/list", "resources/list", "resources/templates/list", "resources/read"]);

type Exchange<P> = {
  readonly caller: P;
  readonly request: McpRequest;
  readonly reply: Reply;
  readonly headers: IncomingMessage["headers"];
};
type Door<P> = {
  readonly gateway: McpGateway<P>;
  readonly maxBodyBytes: number;
  readonly allowedOrigins: ReadonlySet<string>;
  readonly onFailure: (correlationId: string, error: unknown) => void;
  /** What each definition says about headers; definitions are kept by whoever finds them, so they are the keys. */
  readonly paramHeaders: WeakMap<McpToolDefinition, readonly ParamHeader[]>;
};

function isAllowedOrigin(origin: string, allowed: ReadonlySet<string>): boolean {
  if (allowed.has(origin)) return true;
  try {
    const { hostname } = new URL(origin);
    return hostname === "localhost" || hostname === "127.0.0.1" || hostname === "[::1]";
  } catch {
    return false;
  }
}

/** Answers what is wrong with the HTTP request as such; false when nothing is. */
function refuseHttp<P>(door: Door<P>, request: IncomingMessage, response: ServerResponse): boolean {
  const refuse = (status: number, message: string): true => {
    sendError(response, status, { code: rpcCode.invalidRequest, message });
    drainBody(request, door.maxBodyBytes);
    return true;
  };
  const { origin, "content-type": type } = request.headers;
  if (origin !== undefined && !isAllowedOrigin(origin, door.allowedOrigins)) return refuse(403, "Origin not allowed");
  if (request.method !== "POST") {
    response.setHeader("allow", "POST");
    return refuse(405, "Method not allowed: this endpoint takes POST only");
  }
  if (type?.split(";")[0]?.trim().toLowerCase() === "application/json") return false;
  return refuse(415, "Unsupported media type: send application/json");
}

/** Where and what to do, for machines; the same members as an error of the HTTP door. */
function detailsOf({ code, retryable, place, fix }: AirworthyError): JsonObject {
  return { code, retryable, ...(place !== undefined && { place }), ...(fix !== undefined && { fix }) };
}

/** What the caller may know of a failure: our own errors in words, anything else as an id to ask about. */
function explainFailure<P>(door: Door<P>, error: unknown): RpcError {
  if (error instanceof McpProtocolError) {
    return { code: error.code, message: error.message, ...(error.data !== undefined && { data: error.data }) };
  }
  if (error instanceof AirworthyError && error.code !== "internal") {
    const isOurs = error.code === "unavailable";
    return { code: isOurs ? rpcCode.internal : rpcCode.invalidParams, message: error.message, data: detailsOf(error) };
  }
  const correlationId = randomUUID();
  door.onFailure(correlationId, error);
  return { code: rpcCode.internal, message: "internal error", data: { correlationId } };
}

function readCall({ params }: McpRequest): McpToolCall {
  const { name, arguments: args = {}, inputResponses, requestState, _meta } = params;
  if (typeof name !== "string") throw new McpProtocolError(rpcCode.invalidParams, "Invalid params: name is required");
  if (!isJsonObject(args))
    throw new McpProtocolError(rpcCode.invalidParams, "Invalid params: arguments must be an object");
  const protocol: Record<string, Json> = {};
  if (inputResponses !== undefined) protocol["inputResponses"] = inputResponses;
  if (requestState !== undefined) protocol["requestState"] = requestState;
  if (_meta !== undefined) protocol["_meta"] = _meta;
  return { name, arguments: args, protocol };
}

function declaredHeaders<P>(door: Door<P>, tool: McpToolDefinition): readonly ParamHeader[] {
  const known = door.paramHeaders.get(tool);
  if (known) return known;
  const declared = paramHeadersOf(tool.inputSchema) ?? [];
  door.paramHeaders.set(tool, declared);
  return declared;
}

async function callTool<P>(door: Door<P>, { caller, request, reply, headers }: Exchange<P>): Promise<JsonObject> {
  const call = readCall(request);
  const definition = await door.gateway.findTool(caller, call.name);
  const mismatch = definition && paramHeaderMismatch(declaredHeaders(door, definition), call.arguments, headers);
  if (mismatch) throw new McpProtocolError(rpcCode.headerMismatch, mismatch);
  return door.gateway.callTool(caller, { ...call, ...(definition && { definition }) }, reply.sink);
}

async function listTools<P>(door: Door<P>, { caller, request }: Exchange<P>): Promise<JsonObject> {
  if (request.params["cursor"] !== undefined) {
    throw new McpProtocolError(
      rpcCode.invalidParams,
      "Invalid params: the list has one page, so there is no such cursor",
    );
  }
  const tools = await door.gateway.listTools(caller);
  const sorted = tools.toSorted((one, other) => (one.name < other.name ? -1 : Number(one.name > other.name)));
  return { tools: sorted.map((tool) => toJson(tool)), ttlMs: listTtlMs, cacheScope: "private" };
}

/** A definition without its absent members, which JSON does not have. */
function toJson(tool: McpToolDefinition): JsonObject {
  const members = Object.entries(tool).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
  return Object.fromEntries(members);
}

async function forward<P>(door: Door<P>, { caller, request, reply }: Exchange<P>): Promise<JsonObject | undefined> {
  const { method, params } = request;
  const result = forwarded.has(method) ? await door.gateway.forward(caller, { method, params }, reply.sink) : undefined;
  if (!result || !cacheable.has(method) || result["resultType"] === "input_required") return result;
  // What one caller may see must not be shown to another, whatever the upstream says of itself.
  return { ttlMs: 0, ...result, cacheScope: "private" };
}

async function serve<P>(door: Door<P>, exchange: Exchange<P>): Promise<JsonObject | undefined> {
  const { caller, request } = exchange;
  if (request.method === "tools/call") return callTool(door, exchange);
  if (request.method === "tools/list") return listTools(door, exchange);
  if (request.method === "subscriptions/listen") return serveListen(door.gateway, caller, exchange);
  if (request.method !== "server/discover") return forward(door, exchange);
  const capabilities = await door.gateway.features(caller);
  return { supportedVersions: [MCP_REVISION], capabilities, ttlMs: listTtlMs, cacheScope: "private" };
}

/** Statuses that the revision ties to an error code wherever it arises. */
function statusOf(code: number): number {
  if (code === rpcCode.methodNotFound) return 404;
  return code === rpcCode.missingCapability || code === rpcCode.headerMismatch ? 400 : 200;
}

async function answer<P>(door: Door<P>, exchange: Exchange<P>): Promise<void> {
  const { reply, request } = exchange;
  try {
    const result = await serve(door, exchange);
    if (!result) {
      return reply.error(
        { code: rpcCode.methodNotFound, message: `Method not found: ${request.method.slice(0, 100)}` },
        404,
      );
    }
    const meta = result["_meta"];
    reply.result({
      resultType: "complete",
      ...result,
      _meta: { ...(isJsonObject(meta) ? meta : {}), [metaKey.serverInfo]: door.gateway.serverInfo },
    });
  } catch (error) {
    const explained = explainFailure(door, error);
    reply.error(explained, statusOf(explained.code));
  }
}

function sendError(response: ServerResponse, status: number, error: RpcError): void {
  sendJson(response, status, { jsonrpc: "2.0", id: null, error });
}

/** Who calls; undefined when the answer was already given. */
async function admit<P>(door: Door<P>, request: IncomingMessage, response: ServerResponse): Promise<P | undefined> {
  try {
    const caller = await door.gateway.authenticate(request.headers);
    if (caller !== undefined) return caller;
    drainBody(request, door.maxBodyBytes);
    response.setHeader("www-authenticate", 'Bearer realm="airworthy"');
    sendError(response, 401, {
      code: rpcCode.invalidRequest,
      message: "Unauthorized: send a valid API key as a bearer token",
    });
  } catch (error) {
    drainBody(request, door.maxBodyBytes);
    const isCaller = error instanceof AirworthyError && error.code === "unauthenticated";
    sendError(response, isCaller ? 401 : 503, explainFailure(door, error));
  }
  return undefined;
}

async function handle<P>(door: Door<P>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (refuseHttp(door, request, response)) return;
  // Nothing of a body is kept for callers that nobody knows.
  const caller = await admit(door, request, response);
  if (caller === undefined) return;
  const body = await readBody(request, door.maxBodyBytes);
  if (body === "gone") return;
  if ("tooLarge" in body) {
    if (!body.drained) response.setHeader("connection", "close");
    const message = `Payload too large: the limit is ${door.maxBodyBytes} bytes`;
    return sendError(response, 413, { code: rpcCode.invalidRequest, message });
  }
  let message: Json;
  try {
    message = parseJsonStrict(body.bytes, { maxBytes: door.maxBodyBytes });
  } catch (error) {
    const isOurs = error instanceof AirworthyError;
    const why = `Parse error: ${isOurs ? error.message : "the body cannot be read"}`;
    const data = isOurs ? { data: detailsOf(error) } : {};
    return sendError(response, 400, { code: rpcCode.parseError, message: why, ...data });
  }
  const incoming = readRequest(message, request.headers);
  if (incoming.kind === "notification") return void response.writeHead(202).end();
  if (incoming.kind === "refused") {
    const { status, id, ...error } = incoming.refusal;
    return sendJson(response, status, { jsonrpc: "2.0", id, error });
  }
  const reply = beginReply(incoming.request, response);
  await answer(door, { caller, request: incoming.request, reply, headers: request.headers });
}

const printFailure = (correlationId: string, error: unknown): void =>
  console.error(`mcp door failure ${correlationId}`, error);

/** Creates the door as a node:http request listener. It never throws and never leaves a request without an answer. */
export function createMcpDoor<P>(
  gateway: McpGateway<P>,
  limits: McpDoorLimits = {},
): (request: IncomingMessage, response: ServerResponse) => void {
  const door: Door<P> = {
    gateway,
    maxBodyBytes: limits.maxBodyBytes ?? 4 * 1024 * 1024,
    allowedOrigins: new Set(limits.allowedOrigins),
    onFailure: limits.onFailure ?? printFailure,
    paramHeaders: new WeakMap(),
  };
  return (request, response) => {
    handle(door, request, response).catch((error: unknown) => {
      door.onFailure(randomUUID(), error);
      response.destroy();
    });
  };
}
