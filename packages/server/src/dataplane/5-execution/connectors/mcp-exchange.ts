/** One MCP request over HTTP and all that can become of it, with the moment known at which its first byte may have left. */
import type { Json, JsonObject } from "@airworthy/contract";
import type { Dispatcher } from "undici";

import { isJsonObject } from "../../../kernel/json.ts";
import { explainCause, refusesHandshake } from "../../../kernel/network/explain-cause.ts";
import { parseJson } from "./mcp-json.ts";
import { createSseReader } from "./mcp-sse.ts";

export type ExchangeRequest = {
  readonly id: number;
  readonly method: string;
  readonly params: JsonObject;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: no limit, for streams that stay open. */
  readonly timeoutMs: number | undefined;
  /** Asked at the moment of sending; false keeps the request from leaving. */
  readonly mayLeave: () => boolean;
  readonly signal?: AbortSignal;
  readonly onNotification: (method: string, params: JsonObject) => void;
};

/** `unsent`: no byte left. `broken`: bytes left and no answer came. `status`: an HTTP answer that is no JSON-RPC. */
export type ExchangeOutcome =
  | { readonly kind: "result"; readonly result: JsonObject }
  | {
      readonly kind: "error";
      readonly status: number;
      readonly code: number;
      readonly message: string;
      readonly data?: Json;
    }
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "unsent"; readonly detail: string }
  | { readonly kind: "broken"; readonly detail: string };

const maxAnswerBytes = 16 * 1024 * 1024;
const drainMs = 1000;

type Life = {
  sent: boolean;
  settled: boolean;
  readonly settle: (outcome: ExchangeOutcome) => void;
  /** Ends the exchange without an answer: unsent or broken, by whether it had left. */
  readonly fail: (detail: string) => void;
  controller: Dispatcher.DispatchController | undefined;
};

function startLife(request: ExchangeRequest, resolve: (outcome: ExchangeOutcome) => void): Life {
  const onAbort = (): void => life.fail("the caller has gone");
  const life: Life = {
    sent: false,
    settled: false,
    controller: undefined,
    settle(outcome) {
      if (life.settled) return;
      life.settled = true;
      clearTimeout(timer);
      request.signal?.removeEventListener("abort", onAbort);
      resolve(outcome);
    },
    fail(detail) {
      life.settle({ kind: life.sent ? "broken" : "unsent", detail });
      life.controller?.abort(new Error(detail));
    },
  };
  const timer =
    request.timeoutMs === undefined
      ? undefined
      : setTimeout(() => life.fail(`no answer within ${request.timeoutMs} ms`), request.timeoutMs);
  request.signal?.addEventListener("abort", onAbort, { once: true });
  return life;
}

function readAnswer(message: JsonObject, status: number): ExchangeOutcome | undefined {
  const { result, error } = message;
  if (isJsonObject(result)) return { kind: "result", result };
  if (!isJsonObject(error)) return undefined;
  const { code, message: text, data } = error;
  if (typeof code !== "number" || typeof text !== "string") return undefined;
  return { kind: "error", status, code, message: text, ...(data !== undefined && { data }) };
}

/** Takes one message of the answer; true when it was the end. Requests from a server are not part of this revision. */
function takeMessage(message: Json, life: Life, about: { request: ExchangeRequest; status: number }): boolean {
  const { request, status } = about;
  if (!isJsonObject(message) || message["jsonrpc"] !== "2.0") return false;
  const { method, id, params } = message;
  if (typeof method === "string") {
    if (id === undefined && !life.settled) request.onNotification(method, isJsonObject(params) ? params : {});
    return false;
  }
  // An error that came before the id could be read has none.
  const answersUs = id === request.id || (status >= 400 && typeof id !== "number");
  const answer = answersUs ? readAnswer(message, status) : undefined;
  if (answer) life.settle(answer);
  return answer !== undefined;
}

type BodyReader = { readonly push: (chunk: Buffer) => void; readonly end: () => void };

function readStream(life: Life, about: { request: ExchangeRequest; status: number }): BodyReader {
  const events = createSseReader();
  return {
    push(chunk) {
      for (const data of events.push(chunk)) {
        if (data === "" || !takeMessage(parseJson(Buffer.from(data)), life, about)) continue;
        setTimeout(() => life.controller?.abort(new Error("the stream went on after its result")), drainMs).unref();
      }
    },
    end: () => life.fail("the stream ended without a result"),
  };
}

function readWhole(life: Life, about: { request: ExchangeRequest; status: number }): BodyReader {
  const chunks: Buffer[] = [];
  return {
    push: (chunk) => void chunks.push(chunk),
    end() {
      const bytes = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
      if (about.status >= 400) {
        try {
          if (takeMessage(parseJson(bytes), life, about)) return;
        } catch {
          // An error page of a proxy: its status says more than its body.
        }
        life.settle({ kind: "status", status: about.status });
      } else if (!takeMessage(parseJson(bytes), life, about)) life.settle({ kind: "status", status: about.status });
    },
  };
}

function guard(life: Life, step: () => void): void {
  try {
    step();
  } catch (error) {
    life.fail(error instanceof Error ? error.message : "the answer cannot be read");
  }
}

function createHandler(request: ExchangeRequest, life: Life): Dispatcher.DispatchHandler {
  let body: BodyReader | undefined;
  let received = 0;
  return {
    onRequestStart(controller) {
      life.controller = controller;
      if (life.settled) controller.abort(new Error("no longer wanted"));
      else if (request.mayLeave()) life.sent = true;
      else life.fail("it was too late to send it");
    },
    onResponseStart(_controller, status, headers) {
      if (status < 200) return;
      const type = String(headers["content-type"] ?? "").toLowerCase();
      if ((headers["content-encoding"] ?? "identity") !== "identity") life.fail("the answer is compressed, unasked");
      else if (status === 200 && type.startsWith("text/event-stream")) body = readStream(life, { request, status });
      else body = readWhole(life, { request, status });
    },
    onResponseData(_controller, chunk) {
      received += chunk.length;
      if (received > maxAnswerBytes) life.fail(`the answer is larger than ${maxAnswerBytes} bytes`);
      else guard(life, () => body?.push(chunk));
    },
    onResponseEnd: () => guard(life, () => body?.end()),
    onResponseError(_controller, error) {
      // A TLS server may refuse our certificate only after we have begun to write; what it refused it has not read.
      if (!body && "code" in error && refusesHandshake(String(error.code))) life.sent = false;
      life.fail(describe(error));
    },
  };
}

/** What went wrong in a few words; never an address or header, which may hold secrets. */
function describe(error: Error): string {
  const { code } = error as Error & { code?: unknown };
  return typeof code === "string" ? `connection failed (${explainCause(code)})` : "connection failed";
}

/** Sends one request and waits for its end. Never rejects. */
export function exchange(dispatcher: Dispatcher, request: ExchangeRequest): Promise<ExchangeOutcome> {
  return new Promise((resolve) => {
    const life = startLife(request, resolve);
    if (request.signal?.aborted) return life.fail("the caller has gone");
    if (!request.mayLeave()) return life.fail("it was too late to send it");
    const { id, method, params, path, headers } = request;
    const body = JSON.stringify({ jsonrpc: "2.0", id, method, params });
    try {
      dispatcher.dispatch({ path, method: "POST", headers, body }, createHandler(request, life));
    } catch (error) {
      life.fail(error instanceof Error ? describe(error) : "the request cannot be sent");
    }
  });
}
