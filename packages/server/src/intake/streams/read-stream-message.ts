/** Makes a message of what a broker hands out: JSON, or a CloudEvent in structured mode. */
import { AirworthyError, type Json } from "@airworthy/contract";

import { parseJsonStrict } from "../../kernel/json.ts";
import { readCloudEvent } from "../../kernel/records/read-cloud-event.ts";
import type { Message } from "../../kernel/records/read-message.ts";

export type BrokerMessage = {
  /** Its number in the stream or partition. */
  readonly number: number;
  readonly id?: string;
  /** Subject or topic. */
  readonly type: string;
  readonly key?: string;
  /** Epoch ms by the broker. */
  readonly time: number;
  readonly contentType: string | undefined;
  /** Undefined: the broker's form of a deletion. */
  readonly body: Uint8Array | undefined;
};

const unreadableShown = 4096;

export function readStreamMessage(from: BrokerMessage): Message {
  const { number, type, time, body } = from;
  const base = {
    number,
    type,
    time,
    ...(from.id === undefined ? {} : { id: from.id }),
    ...(from.key === undefined ? {} : { key: from.key }),
  };
  if (body === undefined) return { ...base, deleted: true, payload: null };
  const payload = parse(body);
  if ("why" in payload) {
    return { ...base, unreadable: Buffer.from(body.subarray(0, unreadableShown)).toString("utf8"), why: payload.why };
  }
  if (from.contentType?.split(";", 1)[0]?.trim().toLowerCase() !== "application/cloudevents+json") {
    return { ...base, payload: payload.value };
  }
  const event = readCloudEvent(payload.value, number);
  return "why" in event
    ? { ...base, unreadable: JSON.stringify(payload.value).slice(0, unreadableShown), why: event.why }
    : event.message;
}

function parse(body: Uint8Array): { readonly value: Json } | { readonly why: string } {
  try {
    return { value: parseJsonStrict(body) };
  } catch (error) {
    return { why: error instanceof AirworthyError ? `JSON (${error.message})` : "JSON" };
  }
}
