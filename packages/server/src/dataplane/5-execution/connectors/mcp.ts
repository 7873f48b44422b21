/** The MCP connector: one upstream per connector configuration, calls held to the definitions that were reviewed. */
import {
  AirworthyError,
  type GovernedTool,
  type Json,
  type JsonObject,
  type McpConnector,
  type McpTool,
  type SecretRef,
} from "@airworthy/contract";

import { digestJson } from "../../../kernel/canonical.ts";
import type { ConnectorAnswer, ConnectorCall, Sink } from "../../../kernel/deps.ts";
import type { McpHttpTarget, McpStdioTarget, McpUpstream } from "./mcp-call.ts";
import { toolDigest } from "./mcp-tool-digest.ts";
import { openMcpUpstream } from "./mcp-upstream.ts";
import type { McpToolDefinition } from "./mcp-wire.ts";

export type McpConnectorOptions = {
  /** The value behind a reference; throws when there is none. Asked once per upstream. */
  readonly secret: (ref: SecretRef) => string;
  /** The environment of programs started over stdio; PATH and HOME are what they should need. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly monotonicMs?: () => number;
};

export type McpConnectorRuntime = {
  readonly type: "mcp";
  readonly call: (call: ConnectorCall) => Promise<ConnectorAnswer>;
  /** The configured tools as their server defines them, under our names; without those that changed since their review. */
  readonly definitions: (connector: McpConnector) => Promise<readonly McpToolDefinition[]>;
  /** The server's own list with the pins it would have today: what `airworthy tools pin` shows. */
  readonly offers: (connector: McpConnector) => Promise<readonly { definition: McpToolDefinition; pin: string }[]>;
  /** Prompts, resources and completions of one server, where its configuration passes them through. */
  readonly forward: (
    connector: McpConnector,
    request: { method: string; params: JsonObject },
    sink?: Sink,
  ) => Promise<JsonObject | undefined>;
  readonly discover: (connector: McpConnector) => Promise<JsonObject>;
  readonly listen: (connector: McpConnector, filter: JsonObject, sink: Sink) => Promise<void>;
  readonly close: () => Promise<void>;
};

type Feature = "prompts" | "resources" | "completions";
const featureOf: Readonly<Record<string, Feature>> = {
  "prompts/list": "prompts",
  "prompts/get": "prompts",
  "resources/list": "resources",
  "resources/templates/list": "resources",
  "resources/read": "resources",
  "completion/complete": "completions",
};

const upstreamName = (tool: McpTool): string => tool.upstream ?? tool.name;

function targetOf(connector: McpConnector, options: McpConnectorOptions): McpHttpTarget | McpStdioTarget {
  const { url, command, auth } = connector;
  if (command) return { command, ...(options.environment && { environment: options.environment }) };
  if (url === undefined) {
    throw new AirworthyError("invalid_input", `the MCP connector ${connector.name} has neither url nor command`, {
      place: connector.name,
      fix: "give it one of the two",
    });
  }
  const headers = auth ? { [auth.header.toLowerCase()]: `${auth.prefix ?? ""}${options.secret(auth.value)}` } : {};
  return { url, headers };
}

function digestOf({ name, url, command, auth }: McpConnector): string {
  const parts: Record<string, Json> = {
    name,
    url: url ?? null,
    command: command ?? null,
    auth: auth ? JSON.stringify(auth) : null,
  };
  return digestJson(parts);
}

/** Upstreams by the digest of what they were opened with, so that a changed configuration gets a new one. */
function keepUpstreams(options: McpConnectorOptions): {
  of: (connector: McpConnector) => McpUpstream;
  close: () => Promise<void>;
} {
  const open = new Map<string, McpUpstream>();
  return {
    of(connector) {
      const digest = digestOf(connector);
      const known = open.get(digest);
      if (known) return known;
      const upstream = openMcpUpstream(targetOf(connector, options), options.monotonicMs);
      open.set(digest, upstream);
      return upstream;
    },
    async close() {
      const all = [...open.values()];
      open.clear();
      await Promise.all(all.map((upstream) => upstream.close()));
    },
  };
}

function mcpParts(call: ConnectorCall): { connector: McpConnector; definition: McpTool } {
  const connector = call.snapshot.connectors[call.tool.connector];
  const { definition } = call.tool;
  if (connector?.type !== "mcp" || "sql" in definition || "request" in definition) {
    throw new AirworthyError("internal", `the tool ${call.tool.name} is not one of an MCP connector`);
  }
  return { connector, definition };
}

function withKey(call: ConnectorCall, tool: GovernedTool): JsonObject {
  const argument = tool.definition.idempotency?.argument;
  return argument === undefined ? call.arguments : { ...call.arguments, [argument]: call.idempotencyKey };
}

/** Creates the connector; upstreams are opened at first use and kept until `close`. */
export function createMcpConnector(options: McpConnectorOptions): McpConnectorRuntime {
  const upstreams = keepUpstreams(options);
  return {
    type: "mcp",
    async call(call) {
      const { connector, definition } = mcpParts(call);
      const header = definition.idempotency?.header;
      return upstreams.of(connector).callTool({
        name: upstreamName(definition),
        arguments: withKey(call, call.tool),
        timeoutMs: call.timeoutMs,
        dispatchBeforeMonoMs: call.dispatchBeforeMonoMs,
        idempotencyKey: call.idempotencyKey,
        ...(call.protocol && { protocol: call.protocol }),
        ...(call.sink && { sink: call.sink }),
        ...(header !== undefined && { idempotencyHeader: header }),
        ...(definition.pin !== undefined && { pin: definition.pin }),
      });
    },
    async definitions(connector) {
      const live = new Map((await upstreams.of(connector).listTools()).map((tool) => [tool.name, tool]));
      return connector.tools.flatMap((tool) => {
        const definition = live.get(upstreamName(tool));
        if (!definition || (tool.pin !== undefined && toolDigest(definition) !== tool.pin)) return [];
        return [{ ...definition, name: tool.name }];
      });
    },
    async offers(connector) {
      const list = await upstreams.of(connector).listTools();
      return list.map((definition) => ({ definition, pin: toolDigest(definition) }));
    },
    async forward(connector, { method, params }, sink) {
      const feature = featureOf[method];
      if (!feature || !connector.passthrough?.includes(feature)) return undefined;
      return upstreams.of(connector).request(method, params, sink);
    },
    discover: (connector) => upstreams.of(connector).discover(),
    listen: (connector, filter, sink) => upstreams.of(connector).listen(filter, sink),
    close: upstreams.close,
  };
}
