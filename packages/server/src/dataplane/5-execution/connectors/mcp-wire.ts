/** The words both sides of the MCP wire share: revision, keys, error codes, header encoding, and its one error. */
import type { Json, JsonObject } from "@airworthy/contract";

export const MCP_REVISION = "2026-07-28";

export const metaKey = {
  protocolVersion: "io.modelcontextprotocol/protocolVersion",
  clientCapabilities: "io.modelcontextprotocol/clientCapabilities",
  clientInfo: "io.modelcontextprotocol/clientInfo",
  logLevel: "io.modelcontextprotocol/logLevel",
  serverInfo: "io.modelcontextprotocol/serverInfo",
  subscriptionId: "io.modelcontextprotocol/subscriptionId",
  confidence: "airworthy/confidence",
  rationale: "airworthy/rationale",
  idempotencyKey: "airworthy/idempotencyKey",
} as const;

export const rpcCode = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  headerMismatch: -32020,
  missingCapability: -32021,
  unsupportedVersion: -32022,
} as const;

/** A tool as `tools/list` describes it. */
export type McpToolDefinition = {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly inputSchema: JsonObject;
  readonly outputSchema?: JsonObject;
  readonly annotations?: JsonObject;
  readonly [key: string]: Json | undefined;
};

/** A JSON-RPC error: thrown by whoever knows it, sent to the peer as it stands. Its message may be read by the peer. */
export class McpProtocolError extends Error {
  override name = "McpProtocolError";
  readonly code: number;
  readonly data: Json | undefined;
  constructor(code: number, message: string, data?: Json) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

const nameSources: Readonly<Record<string, string>> = {
  "tools/call": "name",
  "prompts/get": "name",
  "resources/read": "uri",
  "tasks/get": "taskId",
  "tasks/update": "taskId",
  "tasks/cancel": "taskId",
};

/** The parameter that the `Mcp-Name` header repeats, for methods that have one. */
export function nameParameter(method: string): string | undefined {
  return Object.hasOwn(nameSources, method) ? nameSources[method] : undefined;
}

const plainHeader = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const canonicalBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const opening = "=?base64?";
const closing = "?=";
const isWrapped = (value: string): boolean =>
  value.length >= opening.length + closing.length && value.startsWith(opening) && value.endsWith(closing);

/** A value as an MCP header carries it: as it is, or base64 in `=?base64?…?=` where plain ASCII would not survive. */
export function encodeHeaderValue(value: string): string {
  if (plainHeader.test(value) && !isWrapped(value)) return value;
  return `${opening}${Buffer.from(value, "utf8").toString("base64")}${closing}`;
}

/** The value an MCP header stands for; undefined when its base64 or the UTF-8 inside is not valid. */
export function decodeHeaderValue(header: string): string | undefined {
  const value = header.replace(/^[ \t]+|[ \t]+$/g, "");
  if (!isWrapped(value)) return value;
  const base64 = value.slice(opening.length, -closing.length);
  if (!canonicalBase64.test(base64)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(base64, "base64"));
  } catch {
    return undefined;
  }
}
