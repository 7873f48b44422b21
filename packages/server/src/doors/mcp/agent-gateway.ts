/** Behind the MCP door: the tools of one agent from all connectors, and each call as an action through the corridor. */
import type { IncomingHttpHeaders } from "node:http";

import {
  type ActionAnswer,
  type GovernedTool,
  isFinal,
  type Json,
  type JsonObject,
  type McpConnector,
  Proposal,
  type Snapshot,
  type StopScope,
} from "@airworthy/contract";

import { protocolErrorOf } from "../../dataplane/5-execution/connectors/mcp-answer.ts";
import type { McpConnectorRuntime } from "../../dataplane/5-execution/connectors/mcp.ts";
import { McpProtocolError, metaKey, rpcCode } from "../../dataplane/5-execution/connectors/mcp-wire.ts";
import { shieldSink } from "../../dataplane/5-execution/shield-sink.ts";
import type { Hearing } from "../../kernel/classes/data-shield.ts";
import { propose } from "../../dataplane/propose.ts";
import type { WalkDeps } from "../../dataplane/walk.ts";
import type { Principal } from "../../kernel/action-walk.ts";
import { isJsonObject } from "../../kernel/json.ts";
import { createAgentTools, isClaimless } from "./agent-tools.ts";
import type { McpGateway, McpToolCall } from "./gateway.ts";
import { stripClaims } from "./tool-definitions.ts";
import { toolResultOf } from "./tool-result.ts";

export type AgentGatewayDeps = {
  readonly walk: WalkDeps;
  readonly mcp: McpConnectorRuntime;
  readonly identify: (headers: IncomingHttpHeaders) => Promise<Principal | undefined>;
  /** The caller with the person that a token in `_meta` vouches for. */
  readonly withPerson: (agent: Principal, token: string) => Promise<Principal>;
  /** How long a call is held for a person before it is answered "pending", in milliseconds; clients drop it at 60 s. */
  readonly holdMs: number;
  readonly version: string;
};

export function createAgentGateway(deps: AgentGatewayDeps): McpGateway<Principal> {
  const { walk, mcp } = deps;
  const tools = createAgentTools(mcp);
  const connectorsOf = async (principal: Principal): Promise<McpConnector[]> => {
    const { snapshot, stops } = await walk.control.view(principal.tenant);
    // What is passed through is no action, but a stop of everything or of this agent is meant for it as well.
    const stop = stops.find(({ mode, scope }) => mode === "deny_all" && isAbout(scope, principal.name));
    if (stop) throw new McpProtocolError(stoppedCode, `Stopped by ${stop.by} (${stop.id}): ${stop.reason}`);
    return reachable(snapshot, principal);
  };
  return {
    serverInfo: { name: "airworthy", version: deps.version },
    authenticate: async (headers) => {
      const principal = await deps.identify(headers);
      return principal?.kind === "agent" ? principal : undefined;
    },
    listTools: async ({ tenant, name }) => tools.list((await walk.control.view(tenant)).snapshot, name),
    findTool: async ({ tenant, name }, tool) => tools.find((await walk.control.view(tenant)).snapshot, name, tool),
    callTool: async (agent, call, sink) => {
      const token = personTokenOf(call);
      const principal = token === undefined ? agent : await deps.withPerson(agent, token);
      const { snapshot } = await walk.control.view(principal.tenant);
      const tool = Object.hasOwn(snapshot.tools, call.name) ? snapshot.tools[call.name] : undefined;
      const answer = await propose(
        principal,
        { ...readCall(call, { tool, snapshot }), waitMs: deps.holdMs, sink },
        walk,
      );
      // Handing the result to the door is not yet delivery; a caller who has gone by now is still owed it.
      const delivered = isFinal(answer.status) && !sink.signal.aborted;
      if (delivered) void walk.actions.markDelivered(principal.tenant, answer.id).catch(() => undefined);
      const isMcp = tool !== undefined && snapshot.connectors[tool.connector]?.type === "mcp";
      // An MCP server's own protocol error is for the client, unchanged: it may mean "send this again with more".
      const error = unknownToolOf(answer, call.name) ?? (isMcp ? upstreamErrorOf(answer) : undefined);
      if (error) throw error;
      return toolResultOf(answer, isMcp);
    },
    forward: async (principal, request, sink) => {
      const { snapshot } = await walk.control.view(principal.tenant);
      for (const connector of await connectorsOf(principal)) {
        // Of several servers that offer a feature, the first that is configured answers.
        const hearing = {
          tenant: principal.tenant,
          snapshot,
          agent: principal.name,
          tool: undefined,
          connector: connector.name,
        };
        const shielded = shieldSink(sink, hearing, walk);
        const result = await mcp.forward(connector, request, shielded.sink);
        await shielded.told();
        if (result) return shieldForwarded(result, hearing, walk);
      }
      return undefined;
    },
    features: async (principal) => {
      const { snapshot } = await walk.control.view(principal.tenant);
      const connectors = reachable(snapshot, principal).filter((connector) => connector.passthrough?.length);
      const offers = await Promise.all(connectors.map((connector) => featuresOf(mcp, connector)));
      return Object.assign({ tools: {} }, ...offers);
    },
    listen: async (principal, filter, sink) => {
      const connectors = (await connectorsOf(principal)).filter((connector) => connector.passthrough?.length);
      await Promise.all(connectors.map((connector) => mcp.listen(connector, filter, sink)));
    },
  };
}

/** Prompts and resources reach the agent without an action, and the rules of data hold for them as for answers. */
async function shieldForwarded(result: JsonObject, hearing: Hearing, { data }: WalkDeps): Promise<JsonObject> {
  const { value, uses } = await data.answer(hearing, result, "result");
  const block = uses.find((use) => use.did === "blocked");
  if (block)
    throw new McpProtocolError(
      blockedCode,
      `The answer holds ${block.class} at ${block.path}, which ${hearing.agent} may not have`,
    );
  return isJsonObject(value) ? value : {};
}

/** Outside the range that JSON-RPC and MCP keep for themselves. */
const stoppedCode = -31_001;
const blockedCode = -31_002;

function isAbout(scope: StopScope, agent: string): boolean {
  return scope.kind === "all" || (scope.kind === "agent" && scope.agent === agent);
}

/** The MCP connectors of which this agent may use at least one tool. */
function reachable(snapshot: Snapshot, { name }: Principal): McpConnector[] {
  const tools = snapshot.agents[name]?.tools ?? [];
  const used = new Set(tools.flatMap((tool) => snapshot.tools[tool]?.connector ?? []));
  return Object.values(snapshot.connectors)
    .filter((one) => one.type === "mcp")
    .filter((one) => used.has(one.name));
}

/** What a server can do of what its configuration lets through. A server that is down can do nothing now. */
async function featuresOf(mcp: McpConnectorRuntime, connector: McpConnector): Promise<JsonObject> {
  const passed = new Set<string>(["tools", ...(connector.passthrough ?? [])]);
  const { capabilities } = await mcp.discover(connector).catch((): JsonObject => ({}));
  const offered = isJsonObject(capabilities) ? Object.entries(capabilities) : [];
  return Object.fromEntries(offered.filter(([feature]) => passed.has(feature)));
}

/** The protocol has its own word for a tool that is not there; the refusal stays on the record. */
function unknownToolOf({ decision }: ActionAnswer, name: string): McpProtocolError | undefined {
  const isUnknown = decision?.reasons.some((reason) => reason.code === "unknown_tool") ?? false;
  return isUnknown ? new McpProtocolError(rpcCode.invalidParams, `Tool ${name} not found`) : undefined;
}

function upstreamErrorOf({ error, result }: ActionAnswer): McpProtocolError | undefined {
  if (error?.code !== "upstream_error" || result === undefined) return undefined;
  return protocolErrorOf({ kind: "rejected", code: error.code, detail: error.message, result });
}

type Called = { readonly tool: GovernedTool | undefined; readonly snapshot: Snapshot };

function readCall(call: McpToolCall, { tool, snapshot }: Called) {
  const meta = call.protocol?.["_meta"];
  const stripped =
    tool && isClaimless(tool, snapshot)
      ? { arguments: call.arguments }
      : stripClaims(call.arguments, { meta, definition: call.definition });
  return {
    tool: toolNameOf(call),
    ...stripped,
    ...readRun(meta),
    ...(call.protocol ? { protocol: withoutOurs(call.protocol) } : {}),
  };
}

/** The run and its task; a task without a run has nothing to be the task of. */
function readRun(meta: Json | undefined): { readonly run?: string; readonly task?: string } {
  if (!isJsonObject(meta)) return {};
  const run = Proposal.shape.run.safeParse(meta[runKey]).data;
  if (run === undefined) return {};
  const task = Proposal.shape.task.safeParse(meta[taskKey]).data;
  return task === undefined ? { run } : { run, task };
}

/** The tool need not exist, but what is recorded as one must look like one. */
function toolNameOf({ name }: McpToolCall): string {
  const tool = Proposal.shape.tool.safeParse(name);
  if (tool.success) return tool.data;
  throw new McpProtocolError(
    rpcCode.invalidParams,
    `Invalid params: name ${tool.error.issues[0]?.message ?? "is bad"}`,
  );
}

/** A token of the person on whose behalf the call is; the header of the same name serves as well. */
const personKey = "airworthy/on-behalf-of";

function personTokenOf({ protocol }: McpToolCall): string | undefined {
  const meta = protocol?.["_meta"];
  const token = isJsonObject(meta) ? meta[personKey] : undefined;
  if (token === undefined || typeof token === "string") return token;
  throw new McpProtocolError(rpcCode.invalidParams, `Invalid _meta: ${personKey} must be a token`);
}

const runKey = "airworthy/run";
/** What the person asked for, stated by whoever runs the agent; without a run there is nothing to state it for. */
const taskKey = "airworthy/task";

/** What is ours in `_meta` is for us; the rest is the upstream's. */
function withoutOurs(protocol: JsonObject): JsonObject {
  const meta = protocol["_meta"];
  if (!isJsonObject(meta)) return protocol;
  const {
    [metaKey.confidence]: _confidence,
    [metaKey.rationale]: _rationale,
    [runKey]: _run,
    [taskKey]: _task,
    [personKey]: _person,
    ...rest
  } = meta;
  return { ...protocol, _meta: rest };
}
