/** Sources that bring records in: what their records are, how agents read them, and how each kind of source is reached. */
import { z } from "zod";

import { ProxyOptions, TlsOptions } from "./config-network.ts";
import { SecretRef, duration, name, pathText } from "./config-text.ts";

const eventType = z.string().min(1).max(256);

/** One kind of record of a source. Paths read the payload: the event's data, the message, the row. */
export const RecordShape = z.strictObject({
  record: name.meta({ description: "The record's name, such as vendor." }),
  contract: name.meta({ description: "The SourceContract that each record is held against before anybody sees it." }),
  each: pathText
    .optional()
    .meta({ description: "Where the payload lists its records, such as $.items. Absent: the payload is one record." }),
  key: pathText.optional().meta({
    description: "What names the record within the source. Absent: the event's subject, or the message's key.",
  }),
  version: pathText.optional().meta({ description: "A whole number that rises with each change of the record." }),
  asOf: pathText.optional().meta({ description: "When the record became so. Absent: the event's time." }),
  types: z.array(eventType).min(1).optional().meta({
    description: "The event types, subjects or topics that carry this record; * stands for any text. Absent: all.",
  }),
  deleted: z
    .strictObject({ path: pathText, is: z.union([z.string(), z.boolean(), z.number()]) })
    .optional()
    .meta({
      description: "How a payload says that the record is gone. Such a payload is not held against the contract.",
    }),
});
export type RecordShape = z.infer<typeof RecordShape>;

/** How a tool of an ingesting source reads: one record by its key, or all of one kind. */
export const ingestToolShape = {
  find: z
    .strictObject({ record: name, by: pathText })
    .optional()
    .meta({ description: "Answers the one record whose key is at this path of the arguments." }),
  list: z
    .strictObject({ record: name, after: pathText.optional(), limit: z.int().min(1).max(1000).optional() })
    .optional()
    .meta({
      description:
        "Answers records in the order of their keys, 100 unless `limit` says otherwise; `after` is where to go on.",
    }),
} as const;

/** What every ingesting connector says beside where it is reached. */
export const ingestShape = {
  records: z.array(RecordShape).min(1).max(100),
  ignore: z.array(eventType).optional().meta({
    description: "Event types that are not records of anything here. All others that no record names are quarantined.",
  }),
  retention: duration.optional().meta({
    description: "How long superseded and late records, and the ids of events, are remembered. Default 30d.",
  }),
} as const;

/** How a sender proves itself to the events door. */
export const webhookShape = {
  verify: z.discriminatedUnion("by", [
    z.strictObject({
      by: z.literal("signature"),
      scheme: z.enum(["standard-webhooks", "x-hub-signature-256"]).meta({
        description:
          "standard-webhooks: webhook-id, webhook-timestamp and webhook-signature. x-hub-signature-256: the body alone is signed.",
      }),
      secrets: z
        .array(SecretRef)
        .min(1)
        .max(4)
        .meta({ description: "Any one of these is enough, so that a secret can be rotated." }),
      tolerance: duration.optional().meta({ description: "How far a signed time may be from ours. Default 5m." }),
    }),
    z.strictObject({ by: z.literal("bearer"), token: SecretRef }),
  ]),
  maxBytes: z.int().min(1024).max(8_388_608).optional().meta({ description: "Longest body taken. Default 1 MiB." }),
} as const;

const servers = z.array(z.string().min(1).max(500)).min(1).max(20);

/** Which broker a stream is read from. Each may be `${NAME}`. */
export const streamShape = {
  broker: z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("nats"),
      servers: servers.meta({
        description: "nats://host:4222 or tls://host:4222; a name or an address with a port will do.",
      }),
      stream: z.string().min(1).max(256).meta({ description: "The JetStream stream; its retention must be limits." }),
      subject: z
        .string()
        .min(1)
        .max(256)
        .optional()
        .meta({ description: "Only messages of these subjects, such as orders.>." }),
      auth: z
        .union([z.strictObject({ user: z.string().min(1), password: SecretRef }), z.strictObject({ token: SecretRef })])
        .optional(),
    }),
    z.strictObject({
      kind: z.literal("kafka"),
      servers: servers.meta({ description: "host:port of some brokers; the others are learned from them." }),
      topics: z
        .array(z.string().regex(/^[a-zA-Z0-9._-]{1,249}$/))
        .min(1)
        .max(50),
      auth: z
        .strictObject({
          mechanism: z.enum(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]),
          user: z.string().min(1),
          password: SecretRef,
        })
        .optional(),
    }),
  ]),
  tls: TlsOptions.optional(),
  proxy: ProxyOptions.optional().meta({
    description: "The way to every broker, those that the named ones tell of as well.",
  }),
  from: z.enum(["start", "now"]).optional().meta({
    description:
      "Where a source begins that has brought in nothing yet: at the oldest message (the default), or at the next one.",
  }),
} as const;
