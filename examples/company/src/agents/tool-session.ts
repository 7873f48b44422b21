/** Calls tools of an MCP server through the official client, connecting again after the server was away. */
import {
  Client,
  ProtocolError,
  StreamableHTTPClientTransport,
  type CallToolResult,
  type ListToolsResult,
} from "@modelcontextprotocol/client";
import { readAnswer, type ToolAnswer } from "./tool-answer.ts";

const TOOLS_MAX_AGE_MS = 60_000;
/** A tool that is missing may be about to come, when the server is just starting. */
const MISSING_MAX_AGE_MS = 5_000;

export type ToolCall = {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Sent only where the tool's schema has a place for it. 0..1. */
  readonly confidence?: number;
  readonly rationale?: string;
};

export type ToolSession = {
  /** Rejects when the server cannot be reached or does not know the key; everything else is an answer. */
  readonly call: (call: ToolCall) => Promise<ToolAnswer>;
  readonly close: () => Promise<void>;
};

type Tools = { readonly listedAtMs: number; readonly byName: ReadonlyMap<string, ListToolsResult["tools"][number]> };
type Connection = { readonly client: Client; tools: Tools };

export function openToolSession(options: {
  readonly url: string;
  readonly key: string;
  readonly name: string;
}): ToolSession {
  let opening: Promise<Connection> | undefined;

  const drop = async (): Promise<void> => {
    const closing = opening;
    opening = undefined;
    const connection = await closing?.catch(() => undefined);
    await connection?.client.close().catch(() => undefined);
  };

  return {
    call: async (call) => {
      opening ??= connect(options);
      const current = opening;
      try {
        return await callOn(await current, call);
      } catch (error) {
        if (error instanceof ProtocolError) return { kind: "refused", text: error.message };
        if (opening === current) await drop();
        throw error;
      }
    },
    close: drop,
  };
}

async function connect(options: {
  readonly url: string;
  readonly key: string;
  readonly name: string;
}): Promise<Connection> {
  const client = new Client(
    { name: options.name, version: "1.0.0" },
    { versionNegotiation: { mode: "auto" }, capabilities: {} },
  );
  const headers = { authorization: `Bearer ${options.key}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(options.url), { requestInit: { headers } }));
  return { client, tools: await listTools(client) };
}

async function listTools(client: Client): Promise<Tools> {
  const { tools } = await client.listTools(undefined, { cacheMode: "refresh" });
  return { listedAtMs: performance.now(), byName: new Map(tools.map((tool) => [tool.name, tool])) };
}

async function callOn(connection: Connection, call: ToolCall): Promise<ToolAnswer> {
  const ageMs = performance.now() - connection.tools.listedAtMs;
  if (ageMs > (connection.tools.byName.has(call.tool) ? TOOLS_MAX_AGE_MS : MISSING_MAX_AGE_MS)) {
    connection.tools = await listTools(connection.client);
  }
  const tool = connection.tools.byName.get(call.tool);
  if (tool === undefined) return { kind: "refused", text: `the server offers no tool ${call.tool}` };
  const args = fillArguments(tool.inputSchema, call);
  const result: CallToolResult = await connection.client.callTool({ name: call.tool, arguments: args });
  return readAnswer(result);
}

/** Fills what the tool's schema has a place for, as a model does: no argument that is not offered is sent. */
export function fillArguments(schema: OfferedArguments, call: ToolCall): Record<string, unknown> {
  const whole = { ...call.args, _confidence: call.confidence, _rationale: call.rationale };
  const more = schema.additionalProperties;
  const takesMore = schema.properties === undefined || more === true || (typeof more === "object" && more !== null);
  const offered = { ...(takesMore ? call.args : {}), ...schema.properties };
  return Object.fromEntries(Object.entries(whole).filter(([name, value]) => value !== undefined && name in offered));
}

type OfferedArguments = {
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
  readonly additionalProperties?: unknown;
};
