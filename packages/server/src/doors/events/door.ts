/** The door for what is pushed to us: proves the sender, reads the events, and says 202 once they are committed. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

import {
  AirworthyError,
  type ErrorBody,
  type SecretRef,
  type Snapshot,
  type WebhookConnector,
} from "@airworthy/contract";

import type { PushIntake } from "../../intake/push-intake.ts";
import { digestJson, sha256Hex } from "../../kernel/canonical.ts";
import type { Clock, Control } from "../../kernel/deps.ts";
import type { Message } from "../../kernel/records/read-message.ts";
import { defaultTenant } from "../api/identity.ts";
import { drainBody, readBody } from "../mcp/read-body.ts";
import { readEvents } from "./read-events.ts";
import { type Sender, type SenderDeps, verifyBody, verifyHeaders } from "./verify-sender.ts";

export type EventsDoorDeps = {
  readonly control: Pick<Control, "view">;
  readonly clock: Pick<Clock, "now">;
  readonly intake: PushIntake;
  readonly secret: (ref: SecretRef) => string;
  /** Told of every failure that is ours, with the id that the sender was shown. */
  readonly onFailure: (correlationId: string, error: unknown) => void;
};

const defaultMaxBytes = 1024 * 1024;
/** So many bodies are read at once: those of strangers among them, for a signature is checked over the whole. */
const readingMax = 128;
const retryAfterSeconds = 2;

/** A `node:http` request listener for `/events/…`. It never throws and never leaves a request without an answer. */
export function createEventsDoor(deps: EventsDoorDeps): (request: IncomingMessage, response: ServerResponse) => void {
  const load = { reading: 0 };
  return (request, response) => {
    handle(request, response, { deps, load }).catch((error: unknown) => {
      const id = randomUUID();
      deps.onFailure(id, error);
      if (response.headersSent) response.destroy();
      else
        answer(response, 500, {
          code: "internal",
          message: `Something went wrong here; the log has it under ${id}.`,
          retryable: true,
        });
    });
  };
}

type Open = { readonly deps: EventsDoorDeps; readonly load: { reading: number } };

async function handle(request: IncomingMessage, response: ServerResponse, { deps, load }: Open): Promise<void> {
  const refuse = (status: number, error: ErrorBody, headers: Record<string, string> = {}): void => {
    if (!request.readableEnded) drainBody(request, defaultMaxBytes);
    answer(response, status, error, headers);
  };
  if (request.method !== "POST") return refuse(405, bad("Events are sent with POST."), { allow: "POST" });
  const target = targetOf(request.url ?? "");
  const found = target && (await findSource(target, deps));
  if (!target || !found) return refuse(404, { ...bad("There is no such source of events."), code: "not_found" });
  if ("unavailable" in found) return refuse(503, found.unavailable, { "retry-after": String(retryAfterSeconds) });
  const { connector, snapshot } = found;
  const maxBytes = connector.maxBytes ?? defaultMaxBytes;
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity")
    return refuse(415, bad("A compressed body is not taken."), { "accept-encoding": "identity" });
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return refuse(413, tooLarge(maxBytes));
  const admitted = attempt(deps, (with_) => verifyHeaders(connector.verify, request.headers, with_));
  if (!("proven" in admitted)) return refuse(503, admitted, { "retry-after": String(retryAfterSeconds) });
  if (!admitted.proven) return refuse(401, stranger(admitted.why), { "www-authenticate": "Bearer" });
  if (load.reading >= readingMax) return refuse(429, busy, { "retry-after": String(retryAfterSeconds) });
  load.reading += 1;
  const body = await readBody(request, maxBytes).finally(() => {
    load.reading -= 1;
  });
  if (body === "gone") return;
  if ("tooLarge" in body) {
    return answer(response, 413, tooLarge(maxBytes), body.drained ? {} : { connection: "close" });
  }
  await take(response, { request, bytes: body.bytes, tenant: target.tenant, connector, snapshot }, deps);
}

type Received = {
  readonly request: IncomingMessage;
  readonly bytes: Buffer;
  readonly tenant: string;
  readonly connector: WebhookConnector;
  readonly snapshot: Snapshot;
};

async function take(response: ServerResponse, received: Received, deps: EventsDoorDeps): Promise<void> {
  const { request, bytes, tenant, connector, snapshot } = received;
  const { headers } = request;
  try {
    const sender = attempt(deps, (with_) => verifyBody(connector.verify, { headers, body: bytes }, with_));
    if (!("proven" in sender)) return answer(response, 503, sender, { "retry-after": String(retryAfterSeconds) });
    if (!sender.proven) return answer(response, 401, stranger(sender.why), { "www-authenticate": "Bearer" });
    const trustHeaders = connector.verify.by === "bearer";
    const { messages, origin } = readEvents({ headers, body: bytes, id: sender.id, trustHeaders });
    const batch = { id: batchIdOf(messages, bytes), origin, digest: digestOf(messages) };
    const outcome = await deps.intake.push({ tenant, connector, snapshot, batch, messages, bytes: bytes.length });
    if (outcome === "busy") return answer(response, 429, busy, { "retry-after": String(retryAfterSeconds) });
    if (outcome.state === "conflicting") {
      const error = bad("An event of this id was taken with other content; this one is not.");
      return answer(response, 409, {
        ...error,
        code: "conflict",
        place: "id",
        fix: "Give each event an id of its own.",
      });
    }
    answer(response, 202, { ...outcome, batch: batch.id });
  } catch (error) {
    if (!(error instanceof AirworthyError) || error.code === "internal") throw error;
    const status = error.code === "too_large" ? 413 : error.retryable || error.code === "unavailable" ? 503 : 400;
    answer(response, status, errorOf(error), status === 503 ? { "retry-after": String(retryAfterSeconds) } : {});
  }
}

/** A single event is a batch of its own name, so that a repetition is known at once; several are known one by one. */
function batchIdOf(messages: readonly Message[], bytes: Buffer): string {
  const [only] = messages;
  if (messages.length === 1 && only?.id !== undefined) return only.id;
  return messages.length === 1 ? randomUUID() : `sha256:${sha256Hex(bytes)}`;
}

const digestOf = (messages: readonly Message[]): string =>
  digestJson(messages.map((message) => ("payload" in message ? message.payload : message.unreadable)));

type Target = { readonly tenant: string; readonly connector: string };

function targetOf(url: string): Target | undefined {
  const match = /^\/events(?:\/([a-z0-9][a-z0-9-]{0,39}))?\/([a-z0-9][a-z0-9._-]{0,62})$/.exec(
    url.split("?", 1)[0] ?? "",
  );
  return match?.[2] === undefined ? undefined : { tenant: match[1] ?? defaultTenant, connector: match[2] };
}

type Source =
  | { readonly connector: WebhookConnector; readonly snapshot: Snapshot }
  | { readonly unavailable: ErrorBody };

/** Undefined for an unknown tenant as for an unknown source: who may not know cannot tell them apart. */
async function findSource(
  { tenant, connector: name }: Target,
  { control }: EventsDoorDeps,
): Promise<Source | undefined> {
  try {
    const { snapshot } = await control.view(tenant);
    const connector = Object.hasOwn(snapshot.connectors, name) ? snapshot.connectors[name] : undefined;
    return connector?.type === "webhook" ? { connector, snapshot } : undefined;
  } catch (error) {
    if (error instanceof AirworthyError && error.code === "not_found") return undefined;
    if (error instanceof AirworthyError) return { unavailable: errorOf(error) };
    throw error;
  }
}

/** A secret that cannot be read is our fault: the log says which, the sender hears no more than that. */
function attempt(deps: EventsDoorDeps, verify: (deps: SenderDeps) => Sender): Sender | ErrorBody {
  try {
    return verify({ secret: deps.secret, now: deps.clock.now });
  } catch (error) {
    deps.onFailure(randomUUID(), error);
    return { code: "unavailable", message: "Senders cannot be verified now.", retryable: true };
  }
}

const bad = (message: string): ErrorBody => ({ code: "invalid_input", message, retryable: false });
const tooLarge = (maxBytes: number): ErrorBody => ({
  ...bad(`The body is too large: the limit is ${maxBytes} bytes.`),
  code: "too_large",
});
const stranger = (why: string): ErrorBody => ({
  code: "unauthenticated",
  message: `The sender is not proven: ${why}.`,
  retryable: false,
});
const busy: ErrorBody = {
  code: "unavailable",
  message: "More events are waiting than can be taken now.",
  retryable: true,
};

function errorOf({ code, message, retryable, place, fix }: AirworthyError): ErrorBody {
  return { code, message, retryable, ...(place === undefined ? {} : { place }), ...(fix === undefined ? {} : { fix }) };
}

function answer(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  if (response.headersSent || response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}
