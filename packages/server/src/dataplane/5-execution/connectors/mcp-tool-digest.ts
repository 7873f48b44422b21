/** The pin of an MCP tool: a digest of everything in its definition that a reviewer read and a model will read. */
import type { Json } from "@airworthy/contract";

import { digestJson } from "../../../kernel/canonical.ts";
import type { McpToolDefinition } from "./mcp-wire.ts";

/** `sha256:` and the hex digest of the canonical name, title, description, schemas and annotations. */
export function toolDigest(definition: McpToolDefinition): string {
  const { name, title, description, inputSchema, outputSchema, annotations } = definition;
  const reviewed: Record<string, Json> = { name, inputSchema };
  if (title !== undefined) reviewed["title"] = title;
  if (description !== undefined) reviewed["description"] = description;
  if (outputSchema !== undefined) reviewed["outputSchema"] = outputSchema;
  if (annotations !== undefined) reviewed["annotations"] = annotations;
  return digestJson(reviewed);
}
