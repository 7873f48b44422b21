/** Reads the events of a request: CloudEvents 1.0 in structured, batch and binary mode, or one plain JSON payload. */
import type { IncomingHttpHeaders } from "node:http";

import { AirworthyError, type Json } from "@airworthy/contract";

import { isJsonArray, parseJsonStrict } from "../../kernel/json.ts";
import { readCloudEvent, shortId } from "../../kernel/records/read-cloud-event.ts";
import type { Message } from "../../kernel/records/read-message.ts";

export type EventRequest = {
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
  /** What the sender's proof binds to the body; the id of a plain payload. */
  readonly id: string | undefined;
  /** Whether the headers are the sender's too: a token proves them, a signature over the body does not. */
  readonly trustHeaders: boolean;
};
export type Events = { readonly messages: readonly Message[]; readonly origin: string };

const eventsMax = 1000;

/** @throws AirworthyError `invalid_input` or `invalid_json` for a request that is no event; single events of a batch are set aside. */
export function readEvents(request: EventRequest): Events {
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const maxBytes = Number.POSITIVE_INFINITY;
  if (type === "application/cloudevents+json") return readOne(parseJsonStrict(request.body, { maxBytes }));
  if (type === "application/cloudevents-batch+json") return readBatch(parseJsonStrict(request.body, { maxBytes }));
  if (type !== "application/json" && !type.endsWith("+json")) {
    throw refused(
      "The body must be JSON.",
      "header Content-Type",
      "Send application/json or application/cloudevents+json.",
    );
  }
  const isBinary = request.headers["ce-specversion"] !== undefined || request.headers["ce-id"] !== undefined;
  return isBinary ? readBinary(request, type) : readPlain(request);
}

function readPlain({ body, id }: EventRequest): Events {
  const payload = parseJsonStrict(body, { maxBytes: Number.POSITIVE_INFINITY });
  return { messages: [{ number: 1, ...(id === undefined ? {} : { id: shortId(id) }), payload }], origin: "webhook" };
}

function readOne(value: Json): Events {
  const event = readCloudEvent(value, 1);
  if ("why" in event)
    throw refused(`This is no CloudEvent: ${event.why}.`, "$", "Send specversion, id, source and type.");
  return { messages: [event.message], origin: `webhook ${event.source}` };
}

function readBatch(value: Json): Events {
  if (!isJsonArray(value) || value.length === 0) {
    throw refused("A batch is a list of events, and not an empty one.", "$", "Send [{…}, {…}].");
  }
  if (value.length > eventsMax) {
    throw new AirworthyError("too_large", `A batch may have ${eventsMax} events.`, {
      place: "$",
      fix: "Send several.",
    });
  }
  const messages = value.map((one, index): Message => {
    const event = readCloudEvent(one, index + 1);
    return "why" in event ? { number: index + 1, unreadable: JSON.stringify(one), why: event.why } : event.message;
  });
  return { messages, origin: "webhook batch" };
}

/** @see CloudEvents 1.0.2, HTTP protocol binding, section 3.1: attributes are `ce-` headers, percent-encoded. */
function readBinary({ headers, body, trustHeaders }: EventRequest, contentType: string): Events {
  if (!trustHeaders) {
    throw refused(
      "In binary mode the event's attributes are headers, and the signature covers the body alone.",
      "header ce-id",
      "Send it in structured mode: application/cloudevents+json.",
    );
  }
  const attributes: Record<string, Json> = { datacontenttype: contentType };
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith("ce-") && typeof value === "string") attributes[name.slice(3)] = decode(value);
  }
  return readOne({ ...attributes, data: parseJsonStrict(body, { maxBytes: Number.POSITIVE_INFINITY }) });
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value).replaceAll("\0", "\ufffd");
  } catch {
    return value;
  }
}

function refused(message: string, place: string, fix: string): AirworthyError {
  return new AirworthyError("invalid_input", message, { place, fix });
}
