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
import type { Peers } from "../../../kernel/network/create-peers.ts";
import { cleanAnswer, cleanJson } from "./clean-answer.ts";
import { type Attempt, createGuards, type GuardOptions } from "./guard.ts";
import { mcpConnections, type McpHttpTarget, type McpStdioTarget, type McpUpstream } from "./mcp-call.ts";
import { toolDigest } from "./mcp-tool-digest.ts";
import { openMcpUpstream } from "./mcp-upstream.ts";
import type { McpToolDefinition } from "./mcp-wire.ts";

export type McpConnectorOptions = {
  /** The value behind a reference; throws when there is none. Asked once per upstream. */
  readonly secret: (ref: SecretRef) => string;
  /** Fills `${NAME}` in a URL; without it URLs are taken as they are. */
  readonly fill?: (template: string) => string;
  /** Certificates and proxy of a connector; without it connections are plain. Asked once per upstream. */
  readonly peers?: Peers;
  /** The environment of programs started over stdio; PATH and HOME are what they should need. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly monotonicMs?: () => number;
  readonly guard?: GuardOptions;
};

export type McpConnectorRuntime = {
  readonly type: "mcp";
  readonly call: (call: ConnectorCall) => Promise<ConnectorAnswer>;
  /** The configured tools as their server defines them, under our names; without those that changed since their review. The same objects until the server's list is read again. */
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

type Target = McpHttpTarget | McpStdioTarget;

function targetOf(connector: McpConnector, secret: string | undefined, options: McpConnectorOptions): Target {
  const { url, command, auth } = connector;
  if (command) return { command, ...(options.environment && { environment: options.environment }) };
  if (url === undefined) {
    throw new AirworthyError("invalid_input", `the MCP connector ${connector.name} has neither url nor command`, {
      place: connector.name,
      fix: "give it one of the two",
    });
  }
  const headers =
    auth && secret !== undefined ? { [auth.header.toLowerCase()]: signWith(auth.prefix ?? "", secret) } : {};
  return { url: options.fill?.(url) ?? url, headers, peer: options.peers?.(connector) ?? {} };
}

/** A prefix that ends in a word, such as Bearer, is set apart by a space. */
const signWith = (prefix: string, secret: string): string => `${prefix}${/\w$/.test(prefix) ? " " : ""}${secret}`;

function digestOf({ name, url, command, auth, tls, proxy }: McpConnector): string {
  const parts: Record<string, Json> = {
    name,
    url: url ?? null,
    command: command ?? null,
    auth: auth ? JSON.stringify(auth) : null,
    network: JSON.stringify([tls ?? null, proxy ?? null]),
  };
  return digestJson(parts);
}

/** `secret` is what we sign with: servers may repeat it, and nobody may hear it. */
type Opened = { readonly upstream: McpUpstream; readonly secret: string | undefined };
type Upstreams = { readonly of: (connector: McpConnector) => Opened; readonly close: () => Promise<void> };

/** Upstreams by the digest of what they were opened with, so that a changed configuration gets a new one. */
function keepUpstreams(options: McpConnectorOptions): Upstreams {
  const open = new Map<string, Opened>();
  // Snapshots are immutable and live long: each connector in them is digested once.
  const known = new WeakMap<McpConnector, Opened>();
  const find = (connector: McpConnector): Opened => {
    const digest = digestOf(connector);
    const opened = open.get(digest) ?? openOne(connector, options);
    open.set(digest, opened);
    known.set(connector, opened);
    return opened;
  };
  return {
    of: (connector) => known.get(connector) ?? find(connector),
    async close() {
      const all = [...open.values()];
      open.clear();
      await Promise.all(all.map(({ upstream }) => upstream.close()));
    },
  };
}

function openOne(connector: McpConnector, options: McpConnectorOptions): Opened {
  const secret = connector.auth && options.secret(connector.auth.value);
  return { upstream: openMcpUpstream(targetOf(connector, secret, options), options.monotonicMs), secret };
}

type Reviewed = { readonly of: readonly McpToolDefinition[]; readonly definitions: readonly McpToolDefinition[] };

/** The configured tools out of what the server offers, under our names and without those that changed since their review. */
function reviewedOf(connector: McpConnector, offered: readonly McpToolDefinition[]): readonly McpToolDefinition[] {
  const live = new Map(offered.map((tool) => [tool.name, tool]));
  return connector.tools.flatMap((tool) => {
    const definition = live.get(upstreamName(tool));
    if (!definition || (tool.pin !== undefined && toolDigest(definition) !== tool.pin)) return [];
    return [{ ...definition, name: tool.name }];
  });
}

function mcpParts(call: ConnectorCall): { connector: McpConnector; definition: McpTool } {
  const connector = call.snapshot.connectors[call.tool.connector];
  const { definition } = call.tool;
  if (connector?.type !== "mcp" || "sql" in definition || "request" in definition) {
    throw new AirworthyError("internal", `the tool ${call.tool.name} is not one of an MCP connector`);
  }
  return { connector, definition };
}

/** The upstream of a connector, or why there is none: a secret or an address that the environment lacks. */
function openFor(connector: McpConnector, upstreams: Upstreams): Opened | ConnectorAnswer {
  try {
    return upstreams.of(connector);
  } catch (error) {
    if (error instanceof AirworthyError) return { kind: "unsent", detail: error.message };
    throw error;
  }
}

/** `ours`: the end came from this side, a caller who left or a call that came too late, and says nothing of the server. */
function judge(answer: ConnectorAnswer, ours: boolean): Attempt {
  const ill = answer.kind === "unsent" || answer.kind === "ambiguous";
  return { answer, healthy: !ill || ours, repeatable: ill && !ours };
}

function withKey(call: ConnectorCall, tool: GovernedTool): JsonObject {
  const argument = tool.definition.idempotency?.argument;
  return argument === undefined ? call.arguments : { ...call.arguments, [argument]: call.idempotencyKey };
}

/** Creates the connector; upstreams are opened at first use and kept until `close`. */
export function createMcpConnector(options: McpConnectorOptions): McpConnectorRuntime {
  const upstreams = keepUpstreams(options);
  const guards = createGuards({ concurrency: mcpConnections, ...options.guard });
  const monotonicMs = options.monotonicMs ?? (() => performance.now());
  const reviewed = new WeakMap<McpConnector, Reviewed>();
  return {
    type: "mcp",
    async call(call) {
      const { connector, definition } = mcpParts(call);
      const header = definition.idempotency?.header;
      const opened = openFor(connector, upstreams);
      if ("kind" in opened) return opened;
      return guards.run(call, async (deadlineMonoMs) => {
        const answer = await opened.upstream.callTool({
          name: upstreamName(definition),
          arguments: withKey(call, call.tool),
          timeoutMs: Math.max(1, Math.ceil(deadlineMonoMs - performance.now())),
          dispatchBeforeMonoMs: call.dispatchBeforeMonoMs,
          idempotencyKey: call.idempotencyKey,
          ...(call.protocol && { protocol: call.protocol }),
          ...(call.sink && { sink: call.sink }),
          ...(header !== undefined && { idempotencyHeader: header }),
          ...(definition.pin !== undefined && { pin: definition.pin }),
        });
        const late = answer.kind === "unsent" && monotonicMs() >= call.dispatchBeforeMonoMs;
        return judge(cleanAnswer(answer, opened.secret), late || call.sink?.signal.aborted === true);
      });
    },
    async definitions(connector) {
      const offered = await upstreams.of(connector).upstream.listTools();
      const held = reviewed.get(connector);
      if (held?.of === offered) return held.definitions;
      const definitions = reviewedOf(connector, offered);
      reviewed.set(connector, { of: offered, definitions });
      return definitions;
    },
    async offers(connector) {
      const list = await upstreams.of(connector).upstream.listTools();
      return list.map((definition) => ({ definition, pin: toolDigest(definition) }));
    },
    async forward(connector, { method, params }, sink) {
      const feature = featureOf[method];
      if (!feature || !connector.passthrough?.includes(feature)) return undefined;
      const { upstream, secret } = upstreams.of(connector);
      return cleanJson(await upstream.request(method, params, sink), secret);
    },
    discover: (connector) => upstreams.of(connector).upstream.discover(),
    listen: (connector, filter, sink) => upstreams.of(connector).upstream.listen(filter, sink),
    close: upstreams.close,
  };
}
