/** Reads a server's whole list of tools, page by page, leaving out what no client may use. */
import { AirworthyError, type Json, type JsonObject } from "@airworthy/contract";

import { isJsonObject } from "../../../kernel/json.ts";
import { listTimeoutMs } from "./mcp-call.ts";
import { paramHeadersOf, type ParamHeader } from "./mcp-param-headers.ts";
import { toolDigest } from "./mcp-tool-digest.ts";
import { McpProtocolError, rpcCode, type McpToolDefinition } from "./mcp-wire.ts";

/** A definition with what every call needs of it, worked out once. */
export type KnownTool = {
  readonly definition: McpToolDefinition;
  readonly pin: string;
  readonly paramHeaders: readonly ParamHeader[];
};
export type ToolList = {
  readonly list: readonly McpToolDefinition[];
  readonly byName: ReadonlyMap<string, KnownTool>;
};

const maxPages = 100;
const maxTools = 10_000;

function isDefinition(value: Json): value is JsonObject & McpToolDefinition {
  return isJsonObject(value) && typeof value["name"] === "string" && isJsonObject(value["inputSchema"]);
}

/** Undefined for what is no tool, or one whose headers no client can send. */
function know(value: Json): KnownTool | undefined {
  const paramHeaders = isDefinition(value) ? paramHeadersOf(value.inputSchema) : undefined;
  return isDefinition(value) && paramHeaders ? { definition: value, pin: toolDigest(value), paramHeaders } : undefined;
}

/** All tools. A server without `tools/list` has none; a list without end, or not over in time, is an error. */
export async function readTools(
  page: (params: JsonObject, timeoutMs: number) => Promise<JsonObject>,
): Promise<ToolList> {
  const until = performance.now() + listTimeoutMs;
  const byName = new Map<string, KnownTool>();
  let params: JsonObject = {};
  for (let pages = 0; pages < maxPages; pages++) {
    let result: JsonObject;
    try {
      result = await page(params, Math.max(1, Math.ceil(until - performance.now())));
    } catch (error) {
      if (error instanceof McpProtocolError && error.code === rpcCode.methodNotFound) break;
      throw error;
    }
    const { tools, nextCursor } = result;
    for (const offered of Array.isArray(tools) ? tools : []) {
      const tool = know(offered);
      if (tool) byName.set(tool.definition.name, tool);
    }
    if (byName.size > maxTools) break;
    if (typeof nextCursor !== "string")
      return { list: [...byName.values()].map(({ definition }) => definition), byName };
    params = { cursor: nextCursor };
  }
  if (byName.size === 0) return { list: [], byName };
  throw new AirworthyError("too_large", "the MCP server's list of tools has no end", {
    fix: `a list may have at most ${maxPages} pages and ${maxTools} tools`,
  });
}
