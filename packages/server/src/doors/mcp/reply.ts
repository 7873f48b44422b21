/** The answer to one MCP request: one JSON object, or an event stream as soon as something is told before the result. */
import type { ServerResponse } from "node:http";

import type { Json, JsonObject } from "@airworthy/contract";

import { metaKey } from "../../dataplane/5-execution/connectors/mcp-wire.ts";
import type { Sink } from "../../kernel/deps.ts";
import type { McpRequest, RequestId } from "./read-request.ts";

export type RpcError = { readonly code: number; readonly message: string; readonly data?: Json };
export type Reply = {
  readonly sink: Sink;
  /** Starts the event stream without waiting for something to tell. */
  readonly open: () => void;
  readonly result: (result: JsonObject) => void;
  /** The status counts only while no stream was begun. */
  readonly error: (error: RpcError, status?: number) => void;
};

const keepAliveMs = 15_000;
/** Beyond this the reader is too slow: progress is dropped rather than hoarded. */
const maxQueuedBytes = 1024 * 1024;
const logLevels = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

/** Writes a whole JSON-RPC answer. */
export function sendJson(response: ServerResponse, status: number, body: JsonObject): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  // As text, not bytes: node:http then writes head and body at once.
  response.end(text);
}

/** Whether the client asked to be told this: logs only at a level it named, progress only under its own token. */
function wants(request: McpRequest, method: string, params: JsonObject): boolean {
  if (method === "notifications/message") {
    const asked = request.meta[metaKey.logLevel];
    if (typeof asked !== "string" || typeof params["level"] !== "string") return false;
    return logLevels.indexOf(params["level"]) >= logLevels.indexOf(asked);
  }
  if (method !== "notifications/progress") return true;
  const token = request.meta["progressToken"];
  return token !== undefined && params["progressToken"] === token;
}

type Stream = {
  readonly isOpen: () => boolean;
  readonly open: () => void;
  readonly write: (message: JsonObject) => void;
};

function createStream(response: ServerResponse): Stream {
  let isOpen = false;
  return {
    isOpen: () => isOpen,
    open() {
      if (isOpen || response.destroyed) return;
      isOpen = true;
      response.writeHead(200, {
        "content-type": "text/event-stream",
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
      });
      response.flushHeaders();
      const timer = setInterval(() => response.write(": keep-alive\n\n"), keepAliveMs).unref();
      response.once("close", () => clearInterval(timer));
    },
    write: (message) => void response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`),
  };
}

/** Begins the answer to a request. Its sink's signal aborts when the client leaves before the end. */
export function beginReply(request: McpRequest, response: ServerResponse): Reply {
  const gone = new AbortController();
  const stream = createStream(response);
  let isOver = false;
  response.once("close", () => {
    if (!isOver) gone.abort();
    isOver = true;
  });
  const finish = (message: { id: RequestId } & JsonObject, status: number): void => {
    if (isOver || response.destroyed) return;
    isOver = true;
    if (!stream.isOpen()) return sendJson(response, status, message);
    stream.write(message);
    response.end();
  };
  return {
    sink: {
      signal: gone.signal,
      notify(method, params) {
        if (isOver || !wants(request, method, params) || response.writableLength > maxQueuedBytes) return;
        stream.open();
        stream.write({ jsonrpc: "2.0", method, params });
      },
    },
    open: stream.open,
    result: (result) => finish({ jsonrpc: "2.0", id: request.id, result }, 200),
    error: (error, status = 200) => finish({ jsonrpc: "2.0", id: request.id, error }, status),
  };
}
