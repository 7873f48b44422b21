/** Sends one HTTP request and tells what is known of it: whether it left, whether it was answered, and with what. */
import type { Dispatcher } from "undici";

import { refusesHandshake } from "../../../kernel/network/explain-cause.ts";
import type { HttpRequest } from "./http-request.ts";

export type Exchange =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      /** Undefined when the body was longer than the cap. */
      readonly body: Buffer | undefined;
    }
  /** No byte of the request left. `cause` is a code such as ECONNREFUSED. */
  | { readonly kind: "unsent"; readonly cause: string }
  /** It left, and its answer did not arrive whole. */
  | { readonly kind: "broken"; readonly cause: string };

export type ExchangeLimits = {
  /** Monotonic: the answer must be whole by then. */
  readonly deadlineMonoMs: number;
  /** Monotonic: the request must have left by then, or it must not leave. */
  readonly dispatchBeforeMonoMs: number;
  readonly maxBodyBytes: number;
  /** Gives up when it aborts. */
  readonly signal?: AbortSignal;
};

/** Never rejects. Redirects are answers like any other; nothing is sent twice. */
export function sendRequest(pool: Dispatcher, request: HttpRequest, limits: ExchangeLimits): Promise<Exchange> {
  return new Promise((resolve) => {
    const call = new Exchanging(limits, resolve);
    // No pipelining: behind a slow request ours would leave later than we know.
    pool.dispatch({ ...request, blocking: true, idempotent: false, headersTimeout: 0, bodyTimeout: 0 }, call);
  });
}

class Exchanging implements Dispatcher.DispatchHandler {
  readonly #limits: ExchangeLimits;
  readonly #resolve: (exchange: Exchange) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort = (): void => this.#giveUp("aborted");
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;
  #left = false;
  #status = 0;
  #headers: Record<string, string> = {};
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(limits: ExchangeLimits, resolve: (exchange: Exchange) => void) {
    this.#limits = limits;
    this.#resolve = resolve;
    this.#timer = setTimeout(() => this.#giveUp("timeout"), limits.deadlineMonoMs - performance.now());
    limits.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Called when a connection is ready, right before the first byte is written; an abort here stops the write. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (
      this.#settled ||
      performance.now() >= this.#limits.dispatchBeforeMonoMs ||
      this.#limits.signal?.aborted === true
    ) {
      this.#settle({ kind: "unsent", cause: "too_late" });
      controller.abort(new Error("too late"));
      return;
    }
    this.#left = true;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#status = status;
    for (const name of ["etag", "retry-after", "content-encoding"]) {
      const value = headers[name];
      if (typeof value === "string") this.#headers[name] = value;
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= this.#limits.maxBodyBytes) {
      this.#chunks.push(chunk);
      return;
    }
    this.#settle({ kind: "answered", status: this.#status, headers: this.#headers, body: undefined });
    controller.abort(new Error("too large"));
  }

  onResponseEnd(): void {
    this.#settle({
      kind: "answered",
      status: this.#status,
      headers: this.#headers,
      body: Buffer.concat(this.#chunks, this.#bytes),
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const cause = "code" in error && typeof error.code === "string" ? error.code : error.name;
    // A TLS server may refuse our certificate only after we have begun to write; what it refused it has not read.
    const read = this.#left && !(this.#status === 0 && refusesHandshake(cause));
    this.#settle(read ? { kind: "broken", cause } : { kind: "unsent", cause });
  }

  #giveUp(cause: string): void {
    this.#settle(this.#left ? { kind: "broken", cause } : { kind: "unsent", cause });
    this.#controller?.abort(new Error(cause));
  }

  #settle(outcome: Exchange): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#limits.signal?.removeEventListener("abort", this.#onAbort);
    this.#chunks = [];
    this.#resolve(outcome);
  }
}
