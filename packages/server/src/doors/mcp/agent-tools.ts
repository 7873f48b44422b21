/** The tools of one agent as MCP describes them: all of them for its list, one of them for a call. */
import type { GovernedTool, Json, JsonObject, Snapshot } from "@airworthy/contract";

import type { McpConnectorRuntime } from "../../dataplane/5-execution/connectors/mcp.ts";
import type { McpToolDefinition } from "../../dataplane/5-execution/connectors/mcp-wire.ts";
import { asJsonObject, isJsonArray, isJsonObject } from "../../kernel/json.ts";
import { addClaims } from "./tool-definitions.ts";

export type AgentTools = {
  /** With our claims added. The same objects until the configuration or a server's own list changes. */
  readonly list: (snapshot: Snapshot, agent: string) => Promise<readonly McpToolDefinition[]>;
  /** Without our claims, which tells a tool's own arguments from them. Asks the tool's own server and no other. */
  readonly find: (snapshot: Snapshot, agent: string, tool: string) => Promise<McpToolDefinition | undefined>;
};

export function createAgentTools(mcp: McpConnectorRuntime): AgentTools {
  const kept = new Map<string, { readonly parts: readonly unknown[]; readonly list: readonly McpToolDefinition[] }>();
  const configured = keepConfigured();
  return {
    async list(snapshot, agent) {
      const allowed = new Set(snapshot.agents[agent]?.tools ?? []);
      const tools = Object.values(snapshot.tools).filter((tool) => allowed.has(tool.name));
      const offered = await offeredBy(mcp, snapshot, tools);
      const key = JSON.stringify([snapshot.tenant, agent]);
      const parts = [snapshot.version, ...offered.values()];
      const before = kept.get(key);
      if (before && before.parts.length === parts.length && before.parts.every((part, i) => part === parts[i])) {
        return before.list;
      }
      const list = tools.flatMap((tool) => {
        const definition = configured(tool) ?? offered.get(tool.name);
        if (!definition) return [];
        return [isClaimless(tool, snapshot) ? definition : addClaims(definition)];
      });
      kept.set(key, { parts, list });
      return list;
    },
    async find(snapshot, agent, name) {
      const tool = Object.hasOwn(snapshot.tools, name) ? snapshot.tools[name] : undefined;
      if (!tool || !snapshot.agents[agent]?.tools.includes(name)) return undefined;
      return configured(tool) ?? (await offeredBy(mcp, snapshot, [tool])).get(name);
    },
  };
}

/** Reads get no claims, and neither do servers whose configuration asks to be left as they are. */
export function isClaimless(tool: GovernedTool, snapshot: Snapshot): boolean {
  const connector = snapshot.connectors[tool.connector];
  return tool.effect === "read" || (connector?.type === "mcp" && connector.extras === false);
}

/** Tools of ours as MCP describes them, each made once; undefined where an MCP server describes its own. */
function keepConfigured(): (tool: GovernedTool) => McpToolDefinition | undefined {
  const made = new WeakMap<GovernedTool, McpToolDefinition>();
  return (tool) => {
    const definition = made.get(tool) ?? describe(tool);
    if (definition) made.set(tool, definition);
    return definition;
  };
}

/** Without the arguments that a person's claim fills: an agent cannot give them. */
function withoutClaims(input: JsonObject, claims: Readonly<Record<string, string>> = {}): JsonObject {
  const { properties, required } = input;
  const isOpen = (name: Json): boolean => typeof name !== "string" || !Object.hasOwn(claims, name);
  return {
    ...input,
    ...(isJsonObject(properties)
      ? {
          properties: Object.fromEntries<Json>(
            Object.entries(properties).flatMap(([name, value]) =>
              isOpen(name) && value !== undefined ? [[name, value]] : [],
            ),
          ),
        }
      : {}),
    ...(isJsonArray(required) ? { required: required.filter(isOpen) } : {}),
  };
}

function describe({ definition, effect, reversibility }: GovernedTool): McpToolDefinition | undefined {
  if (!("input" in definition)) return undefined;
  const { name, title, description, input, from_claim: claims } = definition;
  return {
    name,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    inputSchema: withoutClaims(asJsonObject(input), claims),
    annotations: {
      readOnlyHint: effect === "read",
      destructiveHint: reversibility === "irreversible",
      idempotentHint: definition.idempotency !== undefined,
      openWorldHint: false,
    },
  };
}

/** What MCP servers offer now; one that is down offers nothing, and the others' tools stay usable. */
async function offeredBy(
  mcp: McpConnectorRuntime,
  snapshot: Snapshot,
  tools: readonly GovernedTool[],
): Promise<Map<string, McpToolDefinition>> {
  const names = new Set(tools.map((tool) => tool.connector));
  const connectors = [...names].flatMap((name) => {
    const connector = snapshot.connectors[name];
    return connector?.type === "mcp" ? [connector] : [];
  });
  const lists = await Promise.all(connectors.map((connector) => mcp.definitions(connector).catch(() => [])));
  return new Map(lists.flat().map((definition) => [definition.name, definition]));
}
