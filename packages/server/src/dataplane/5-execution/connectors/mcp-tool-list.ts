/** Reads a server's whole list of tools, page by page, leaving out what no client may use. */
import { AirworthyError, type Json, type JsonObject } from "@airworthy/contract";

import { isJsonObject } from "../../../kernel/json.ts";
import { paramHeadersOf } from "./mcp-param-headers.ts";
import { McpProtocolError, rpcCode, type McpToolDefinition } from "./mcp-wire.ts";

export type ToolList = {
  readonly list: readonly McpToolDefinition[];
  readonly byName: ReadonlyMap<string, McpToolDefinition>;
};

const maxPages = 100;
const maxTools = 10_000;

function isDefinition(value: Json): value is JsonObject & McpToolDefinition {
  if (!isJsonObject(value) || typeof value["name"] !== "string") return false;
  const { inputSchema } = value;
  return isJsonObject(inputSchema) && paramHeadersOf(inputSchema) !== undefined;
}

/** All tools. A server without `tools/list` has none; a list without end is an error. */
export async function readTools(page: (params: JsonObject) => Promise<JsonObject>): Promise<ToolList> {
  const byName = new Map<string, McpToolDefinition>();
  let params: JsonObject = {};
  for (let pages = 0; pages < maxPages; pages++) {
    let result: JsonObject;
    try {
      // oxlint-disable-next-line no-await-in-loop -- each page names the next
      result = await page(params);
    } catch (error) {
      if (error instanceof McpProtocolError && error.code === rpcCode.methodNotFound) break;
      throw error;
    }
    const { tools, nextCursor } = result;
    for (const tool of Array.isArray(tools) ? tools : []) if (isDefinition(tool)) byName.set(tool.name, tool);
    if (byName.size > maxTools) break;
    if (typeof nextCursor !== "string") return { list: [...byName.values()], byName };
    params = { cursor: nextCursor };
  }
  if (byName.size === 0) return { list: [], byName };
  throw new AirworthyError("too_large", "the MCP server's list of tools has no end", {
    fix: `a list may have at most ${maxPages} pages and ${maxTools} tools`,
  });
}
