/** An upstream MCP server that we start ourselves and speak to over stdio, through the official client (both generations). */
import { AirworthyError, Json, JsonObject } from "@airworthy/contract";
import { Client, ProtocolError, SdkError, SdkErrorCode, type StandardSchemaV1 } from "@modelcontextprotocol/client";
import { DEFAULT_INHERITED_ENV_VARS, StdioClientTransport } from "@modelcontextprotocol/client/stdio";

import type { Sink } from "../../../kernel/deps.ts";
import { isJsonObject } from "../../../kernel/json.ts";
import { connectorAnswerOf } from "./mcp-answer.ts";
import {
  cached,
  callParams,
  gatewayInfo,
  outgoingParams,
  refuseByDefinition,
  requestTimeoutMs,
  resultOrThrow,
  type McpStdioTarget,
  type McpUpstream,
} from "./mcp-call.ts";
import type { ExchangeOutcome } from "./mcp-exchange.ts";
import { readTools, type KnownTool } from "./mcp-tool-list.ts";

const firstBackoffMs = 250;
const longestBackoffMs = 30_000;
/** A program may have to be fetched or compiled before it speaks; who calls meanwhile waits no longer than for any answer. */
const connectTimeoutMs = 60_000;

/** Hands results through as they are; the definitions' digests depend on it. */
const anyObject: StandardSchemaV1<unknown, JsonObject> = {
  "~standard": {
    version: 1,
    vendor: "airworthy",
    validate: (value) => (isJsonObject(value) ? { value } : { issues: [{ message: "the result is not an object" }] }),
  },
};

function startTransport(target: McpStdioTarget): StdioClientTransport {
  const [command = "", ...args] = target.command;
  // The SDK adds further variables of ours to the child's; an undefined value is how one is left out again.
  const env: Record<string, string> = {};
  for (const name of DEFAULT_INHERITED_ENV_VARS) Reflect.set(env, name, undefined);
  return inTurns(new StdioClientTransport({ command, args, env: { ...env, ...target.environment }, stderr: "ignore" }));
}

/**
 * The SDK's client (2.4.0) takes up a notification a moment later and an answer at once, and forgets whose progress it was
 * with the answer: progress that arrives in one piece with its answer would be lost. So each message waits for the last.
 */
function inTurns(transport: StdioClientTransport): StdioClientTransport {
  let receive: StdioClientTransport["onmessage"];
  let last: Promise<void> = Promise.resolve();
  const fail = (error: unknown): void => transport.onerror?.(error instanceof Error ? error : new Error(String(error)));
  Object.defineProperty(transport, "onmessage", {
    get: () => receive,
    set: (deliver: StdioClientTransport["onmessage"]) => {
      receive = deliver && ((message) => void (last = last.then(() => deliver(message)).catch(fail)));
    },
  });
  return transport;
}

type Child = { readonly get: () => Promise<Client>; readonly worked: () => void; readonly close: () => Promise<void> };

/** Keeps one child: started at first use, started anew after it ended, later and later while it keeps failing. */
function keepChild(target: McpStdioTarget): Child {
  let current: Promise<Client> | undefined;
  let failures = 0;
  let notBefore = 0;
  let closed = false;
  const start = async (): Promise<Client> => {
    let isOver = false;
    const gone = (): void => {
      if (isOver || closed) return;
      isOver = true;
      current = undefined;
      notBefore = performance.now() + Math.min(longestBackoffMs, firstBackoffMs * 2 ** failures++);
    };
    const client = new Client(gatewayInfo, { capabilities: {}, versionNegotiation: { mode: "auto" } });
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's client has callbacks only
    client.onclose = gone;
    try {
      await client.connect(startTransport(target), { timeout: connectTimeoutMs });
      return client;
    } catch (error) {
      gone();
      await client.close().catch(() => undefined);
      throw error;
    }
  };
  return {
    async get() {
      if (closed) throw new AirworthyError("unavailable", "the connector is closed");
      if (!current && performance.now() < notBefore) {
        throw new AirworthyError("unavailable", "the MCP server's program ended; it will be started again shortly", {
          retryable: true,
        });
      }
      current ??= start();
      return current;
    },
    worked: () => {
      failures = 0;
    },
    async close() {
      closed = true;
      const client = await current?.catch(() => undefined);
      await client?.close();
    },
  };
}

function outcomeOfError(error: unknown): ExchangeOutcome {
  if (error instanceof ProtocolError) {
    const { code, message } = error;
    const data = Json.safeParse(error.data);
    return { kind: "error", status: 200, code, message, ...(data.success && { data: data.data }) };
  }
  if (error instanceof SdkError) {
    const isUnsent = error.code === SdkErrorCode.NotConnected;
    return { kind: isUnsent ? "unsent" : "broken", detail: `the MCP server's program did not answer (${error.code})` };
  }
  return { kind: "broken", detail: "the MCP server's program did not answer" };
}

type Sending = {
  readonly params: JsonObject;
  readonly timeoutMs: number;
  readonly mayLeave?: () => boolean;
  readonly sink?: Sink | undefined;
};

/** Progress under the token the caller chose, since the client numbers its own. */
function progressRelay({ params, sink }: Sending): { onprogress?: (progress: object) => void } {
  const meta = params["_meta"];
  const token = isJsonObject(meta) ? meta["progressToken"] : undefined;
  if (!sink || token === undefined) return {};
  return { onprogress: (progress) => sink.notify("notifications/progress", { ...progress, progressToken: token }) };
}

/** What is waited for goes on by itself when the time is over. */
async function withinTime<T>(coming: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new AirworthyError("unavailable", "it is still starting", { retryable: true })),
      ms,
    );
  });
  try {
    return await Promise.race([coming, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function send(child: Child, method: string, sending: Sending): Promise<ExchangeOutcome> {
  let client: Client;
  try {
    client = await withinTime(child.get(), sending.timeoutMs);
  } catch {
    return { kind: "unsent", detail: "the MCP server's program could not be started, or not in time" };
  }
  if (sending.sink?.signal.aborted) return { kind: "unsent", detail: "the caller has gone" };
  if (sending.mayLeave?.() === false) return { kind: "unsent", detail: "it was too late to send it" };
  try {
    const result = await client.request({ method, params: sending.params }, anyObject, {
      timeout: sending.timeoutMs,
      allowInputRequired: true,
      ...(sending.sink && { signal: sending.sink.signal }),
      ...progressRelay(sending),
    });
    child.worked();
    return { kind: "result", result };
  } catch (error) {
    return outcomeOfError(error);
  }
}

/** Opens a stdio upstream. Change notifications are not relayed: the list is simply looked at again after 30 s. */
export function openStdioUpstream(target: McpStdioTarget, monotonicMs: () => number): McpUpstream {
  const child = keepChild(target);
  const ask = async (method: string, params: JsonObject, how: { timeoutMs: number; sink?: Sink | undefined }) =>
    resultOrThrow(await send(child, method, { params: outgoingParams(params), ...how }));
  const tools = cached(() => readTools((params, timeoutMs) => ask("tools/list", params, { timeoutMs })));
  return {
    listTools: async () => (await tools.get()).list,
    request: (method, params, sink) => ask(method, params, { timeoutMs: requestTimeoutMs, sink }),
    async discover() {
      const client = await child.get();
      return { capabilities: JsonObject.parse(client.getServerCapabilities() ?? {}) };
    },
    async callTool(call) {
      const mayLeave = (): boolean => monotonicMs() < call.dispatchBeforeMonoMs;
      let live: KnownTool | undefined;
      try {
        live = (await tools.get()).byName.get(call.name);
      } catch {
        return { kind: "unsent", detail: "the server's list of tools could not be read" };
      }
      const refusal = refuseByDefinition(call, live);
      if (refusal) return refusal;
      const { timeoutMs, sink } = call;
      return connectorAnswerOf(
        await send(child, "tools/call", { params: callParams(call), timeoutMs, mayLeave, sink }),
      );
    },
    listen: () => Promise.resolve(),
    close: child.close,
  };
}
