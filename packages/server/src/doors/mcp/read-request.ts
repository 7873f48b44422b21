/** Decides whether a posted message is a sound request of the current MCP revision, before anyone acts on it. */
import type { IncomingHttpHeaders } from "node:http";

import type { Json, JsonObject } from "@airworthy/contract";

import {
  decodeHeaderValue,
  MCP_REVISION,
  metaKey,
  nameParameter,
  rpcCode,
} from "../../dataplane/5-execution/connectors/mcp-wire.ts";
import { isJsonObject } from "../../kernel/json.ts";

export type RequestId = string | number;
export type McpRequest = {
  readonly id: RequestId;
  readonly method: string;
  readonly params: JsonObject;
  readonly meta: JsonObject;
};
export type Refusal = {
  readonly status: number;
  readonly id: RequestId | null;
  readonly code: number;
  readonly message: string;
  readonly data?: Json;
};
export type Incoming =
  | { readonly kind: "request"; readonly request: McpRequest }
  | { readonly kind: "notification" }
  | { readonly kind: "refused"; readonly refusal: Refusal };

type Fault = { readonly code: number; readonly message: string; readonly data?: Json };
type Message = {
  readonly method: string;
  readonly params: JsonObject;
  readonly meta: JsonObject | undefined;
};

const isRequestId = (id: Json | undefined): id is RequestId => typeof id === "string" || Number.isSafeInteger(id);
const headerOf = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name];
  return typeof value === "string" ? value.trim() : undefined;
};

function unsupported(requested: Json | undefined): Fault {
  // It is said back, so it must not be a way to have megabytes sent.
  const name = typeof requested === "string" ? requested.slice(0, 100) : undefined;
  return {
    code: rpcCode.unsupportedVersion,
    message: `Unsupported protocol version: ${name ?? "the request did not name one"}`,
    data: { supported: [MCP_REVISION], ...(name !== undefined && { requested: name }) },
  };
}

function mismatch(what: string): Fault {
  return { code: rpcCode.headerMismatch, message: `The request headers and body disagree: ${what}` };
}

function findMetaFault(meta: JsonObject): Fault | undefined {
  const problems = [
    typeof meta[metaKey.protocolVersion] === "string" || `${metaKey.protocolVersion} must be a string`,
    isJsonObject(meta[metaKey.clientCapabilities]) || `${metaKey.clientCapabilities} is required and must be an object`,
    isJsonObject(meta[metaKey.clientInfo] ?? {}) || `${metaKey.clientInfo} must be an object`,
    typeof (meta[metaKey.logLevel] ?? "") === "string" || `${metaKey.logLevel} must be a string`,
  ];
  const problem = problems.find((one) => one !== true);
  return problem === undefined ? undefined : { code: rpcCode.invalidParams, message: `Invalid _meta: ${problem}` };
}

/** A message that names no revision in its body: of an older generation, or half of the current one. */
function faultWithoutClaim(message: Message, version: string | undefined): Fault {
  if (message.method === "initialize") {
    if (version === MCP_REVISION) return mismatch("initialize does not exist in the revision that the header names");
    return unsupported(message.params["protocolVersion"]);
  }
  if (version !== MCP_REVISION) return unsupported(version);
  return {
    code: rpcCode.invalidParams,
    message: `Invalid params: ${message.meta ? metaKey.protocolVersion : "_meta"} is missing`,
  };
}

function findVersionFault(message: Message, headers: IncomingHttpHeaders): Fault | undefined {
  const version = headerOf(headers, "mcp-protocol-version");
  const claimed = message.meta?.[metaKey.protocolVersion];
  if (message.meta === undefined || claimed === undefined) return faultWithoutClaim(message, version);
  const fault = findMetaFault(message.meta);
  if (fault) return fault;
  if (version !== undefined && version !== claimed) return mismatch("MCP-Protocol-Version differs from _meta");
  if (claimed !== MCP_REVISION) return unsupported(claimed);
  return version === undefined ? mismatch("the MCP-Protocol-Version header is missing") : undefined;
}

function findRoutingFault(message: Message, headers: IncomingHttpHeaders): Fault | undefined {
  const method = headerOf(headers, "mcp-method");
  if (method === undefined) return mismatch("the Mcp-Method header is missing");
  if (decodeHeaderValue(method) !== message.method) return mismatch("Mcp-Method differs from the method");
  const parameter = nameParameter(message.method);
  if (parameter === undefined) return undefined;
  const named = message.params[parameter];
  const header = headerOf(headers, "mcp-name");
  if (header === undefined) return typeof named === "string" ? mismatch("the Mcp-Name header is missing") : undefined;
  if (decodeHeaderValue(header) !== named) return mismatch(`Mcp-Name differs from params.${parameter}`);
  return undefined;
}

/** Notifications need no headers, but those they carry must not lie. */
function findNotificationFault(message: Message, headers: IncomingHttpHeaders): Fault | undefined {
  const version = headerOf(headers, "mcp-protocol-version");
  const claimed = message.meta?.[metaKey.protocolVersion];
  if (claimed !== undefined && version !== undefined && claimed !== version) {
    return mismatch("MCP-Protocol-Version differs from _meta");
  }
  const method = headerOf(headers, "mcp-method");
  const isCurrent = (claimed ?? version) === MCP_REVISION;
  return isCurrent && method !== undefined && method !== message.method
    ? mismatch("Mcp-Method differs from the method")
    : undefined;
}

function refuse(id: RequestId | null, fault: Fault): Incoming {
  return { kind: "refused", refusal: { status: 400, id, ...fault } };
}

const invalid = (message: string): Fault => ({ code: rpcCode.invalidRequest, message });

/** The message in a body, or what is wrong with it as JSON-RPC, before anything in it is looked at. */
function readMessage(body: JsonObject): Message | Fault {
  const { jsonrpc, id, method, params = {} } = body;
  if (jsonrpc !== "2.0") return invalid("The body is not a JSON-RPC 2.0 message");
  if (typeof method !== "string") return invalid("The body is not a JSON-RPC request or notification");
  if (!isJsonObject(params)) return invalid("params must be an object");
  if (id !== undefined && !isRequestId(id)) return invalid("id must be a string or an integer");
  const meta = params["_meta"];
  return { method, params, meta: isJsonObject(meta) ? meta : undefined };
}

/** Reads one parsed body: a request of this revision whose headers agree, a notification, or a refusal. */
export function readRequest(body: Json, headers: IncomingHttpHeaders): Incoming {
  if (Array.isArray(body)) return refuse(null, invalid("Batches are not part of this protocol revision"));
  if (!isJsonObject(body)) return refuse(null, invalid("The body is not a JSON-RPC 2.0 message"));
  const id = isRequestId(body["id"]) ? body["id"] : null;
  const message = readMessage(body);
  if ("code" in message) return refuse(id, message);
  if (id === null) {
    const fault = findNotificationFault(message, headers);
    return fault ? refuse(null, fault) : { kind: "notification" };
  }
  const fault = findVersionFault(message, headers) ?? findRoutingFault(message, headers);
  if (fault) return refuse(id, fault);
  const { method, params, meta = {} } = message;
  return { kind: "request", request: { id, method, params, meta } };
}
