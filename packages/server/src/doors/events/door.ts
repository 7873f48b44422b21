/** The door for what is pushed to us: proves the sender, reads the events, and says 202 once they are committed. */
import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";

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

/** A `node:http` request listener for `/events/…`. It never throws and never leaves a request without an answer. */
export function createEventsDoor(deps: EventsDoorDeps): (request: IncomingMessage, response: ServerResponse) => void {
  const load = { reading: 0 };
  return (request, response) => {
    handle(request, response, { deps, load }).catch((error: unknown) => {
      const id = randomUUID();
      deps.onFailure(id, error);
      if (response.headersSent) response.destroy();
      else
        answer(
          response,
          later({ code: "internal", message: `Something went wrong here; the log has it under ${id}.` }),
        );
    });
  };
}

type Open = { readonly deps: EventsDoorDeps; readonly load: { reading: number } };

async function handle(request: IncomingMessage, response: ServerResponse, { deps, load }: Open): Promise<void> {
  const admitted = await admit(request, { deps, load });
  if ("status" in admitted) {
    if (!request.readableEnded) drainBody(request, defaultMaxBytes);
    return answer(response, admitted);
  }
  const maxBytes = admitted.connector.maxBytes ?? defaultMaxBytes;
  load.reading += 1;
  const body = await readBody(request, maxBytes).finally(() => {
    load.reading -= 1;
  });
  if (body === "gone") return;
  if ("tooLarge" in body) {
    return answer(response, { ...tooLarge(maxBytes), headers: body.drained ? {} : { connection: "close" } });
  }
  answer(response, await take({ request, bytes: body.bytes, ...admitted }, deps));
}

type Admitted = { readonly tenant: string; readonly connector: WebhookConnector; readonly snapshot: Snapshot };

/** What can be told before a byte of the body is read. */
async function admit(request: IncomingMessage, { deps, load }: Open): Promise<Admitted | Reply> {
  const { headers } = request;
  if (request.method !== "POST") return { ...bad(405, "Events are sent with POST."), headers: { allow: "POST" } };
  const target = targetOf(request.url ?? "");
  const found = target && (await findSource(target, deps));
  if (!target || !found) return refusal(404, { code: "not_found", message: "There is no such source of events." });
  if ("status" in found) return found;
  const unfit = refuseBody(found.connector, headers);
  if (unfit) return unfit;
  const sender = attempt(deps, (with_) => verifyHeaders(found.connector.verify, headers, with_));
  if ("status" in sender) return sender;
  if (!sender.proven) return stranger(sender.why);
  return load.reading >= readingMax ? busy : { tenant: target.tenant, ...found };
}

function refuseBody({ maxBytes = defaultMaxBytes }: WebhookConnector, headers: IncomingHttpHeaders): Reply | undefined {
  if ((headers["content-encoding"] ?? "identity") !== "identity") return bad(415, "A compressed body is not taken.");
  return Number(headers["content-length"] ?? 0) > maxBytes ? tooLarge(maxBytes) : undefined;
}

type Received = Admitted & { readonly request: IncomingMessage; readonly bytes: Buffer };

async function take({ request, bytes, tenant, connector, snapshot }: Received, deps: EventsDoorDeps): Promise<Reply> {
  const { headers } = request;
  const sender = attempt(deps, (with_) => verifyBody(connector.verify, { headers, body: bytes }, with_));
  if ("status" in sender) return sender;
  if (!sender.proven) return stranger(sender.why);
  try {
    const trustHeaders = connector.verify.by === "bearer";
    const { messages, origin } = readEvents({ headers, body: bytes, id: sender.id, trustHeaders });
    const batch = { id: batchIdOf(messages, bytes), origin, digest: digestOf(messages) };
    const outcome = await deps.intake.push({ tenant, connector, snapshot, batch, messages, bytes: bytes.length });
    if (outcome === "busy") return busy;
    if (outcome.state !== "conflicting") return { status: 202, body: { ...outcome, batch: batch.id } };
    const message = "An event of this id was taken with other content; this one is not.";
    return refusal(409, { code: "conflict", message, place: "id", fix: "Give each event an id of its own." });
  } catch (error) {
    if (!(error instanceof AirworthyError) || error.code === "internal") throw error;
    if (error.code === "too_large") return refusal(413, error);
    return error.retryable || error.code === "unavailable" ? later(error) : refusal(400, error);
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

type Source = { readonly connector: WebhookConnector; readonly snapshot: Snapshot };

/** Undefined for an unknown tenant as for an unknown source: who may not know cannot tell them apart. */
async function findSource(
  { tenant, connector: name }: Target,
  { control }: EventsDoorDeps,
): Promise<Source | Reply | undefined> {
  try {
    const { snapshot } = await control.view(tenant);
    const connector = Object.hasOwn(snapshot.connectors, name) ? snapshot.connectors[name] : undefined;
    return connector?.type === "webhook" ? { connector, snapshot } : undefined;
  } catch (error) {
    if (error instanceof AirworthyError && error.code === "not_found") return undefined;
    if (error instanceof AirworthyError) return later(error);
    throw error;
  }
}

/** A secret that cannot be read is our fault: the log says which, the sender hears no more than that. */
function attempt(deps: EventsDoorDeps, verify: (deps: SenderDeps) => Sender): Sender | Reply {
  try {
    return verify({ secret: deps.secret, now: deps.clock.now });
  } catch (error) {
    deps.onFailure(randomUUID(), error);
    return later({ code: "unavailable", message: "Senders cannot be verified now.", retryable: true });
  }
}

type Reply = { readonly status: number; readonly body: object; readonly headers?: Readonly<Record<string, string>> };
type Failure = Pick<ErrorBody, "code" | "message"> & {
  readonly retryable?: boolean | undefined;
  readonly place?: string | undefined;
  readonly fix?: string | undefined;
};

function refusal(status: number, { code, message, retryable = false, place, fix }: Failure): Reply {
  const more = { ...(place === undefined ? {} : { place }), ...(fix === undefined ? {} : { fix }) };
  return { status, body: { code, message, retryable, ...more } };
}

const retryAfter = { "retry-after": "2" };
const later = (error: Failure): Reply => ({ ...refusal(503, { ...error, retryable: true }), headers: retryAfter });
const bad = (status: number, message: string): Reply => refusal(status, { code: "invalid_input", message });
const tooLarge = (maxBytes: number): Reply =>
  refusal(413, { code: "too_large", message: `The body is too large: the limit is ${maxBytes} bytes.` });
const stranger = (why: string): Reply => ({
  ...refusal(401, { code: "unauthenticated", message: `The sender is not proven: ${why}.` }),
  headers: { "www-authenticate": "Bearer" },
});
const busy: Reply = {
  ...refusal(429, { code: "unavailable", message: "More events are waiting than can be taken now.", retryable: true }),
  headers: retryAfter,
};

function answer(response: ServerResponse, { status, body, headers = {} }: Reply): void {
  if (response.headersSent || response.destroyed) return;
  const text = JSON.stringify(body);
  const length = Buffer.byteLength(text);
  response.writeHead(status, { "content-type": "application/json", "content-length": length, ...headers });
  response.end(text);
}
