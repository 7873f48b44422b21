/** A mailbox from which mails are read: a maildir on this machine, or a server that speaks IMAP. */
import { z } from "zod";

import { networkShape } from "./config-network.ts";
import { duration, SecretRef } from "./config-text.ts";

/** A folder as IMAP names it; of a maildir the name of a Maildir++ subfolder, without its leading dot. */
const folder = z
  .string()
  .min(1)
  .max(250)
  .regex(/^[^\p{Cc}]+$/u, "a name on one line");

const maildir = z.strictObject({
  kind: z.literal("maildir"),
  folder: z.string().min(1).meta({ description: "The folder that holds new, cur and tmp; may hold ${NAME}." }),
});

const imap = z.strictObject({
  kind: z.literal("imap"),
  server: z.string().min(1).max(300).meta({
    description: "host:port, or a host alone (port 993; 143 without TLS from the beginning). May be ${NAME}.",
  }),
  security: z.enum(["tls", "starttls", "none"]).optional().meta({
    description: "tls from the beginning (the default), starttls, or none: everybody on the way reads along.",
  }),
  user: z.string().min(1).max(300),
  auth: z
    .union([z.strictObject({ password: SecretRef }), z.strictObject({ bearer: SecretRef })])
    .meta({ description: "A password, or an OAuth access token. Read again for each connection." }),
  markSeen: z.boolean().optional().meta({
    description: "Marks mails as seen once they are in. Default false: the folder is opened for reading alone.",
  }),
  from: z.enum(["start", "now"]).optional().meta({
    description:
      "Where a source begins that has read nothing yet: at the oldest mail (the default), or at the next one.",
  }),
});

export const mailboxShape = {
  mailbox: z.discriminatedUnion("kind", [maildir, imap]),
  folders: z.array(folder).min(1).max(50).optional().meta({ description: "Which folders are read. Default INBOX." }),
  authservId: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,253}$/, "a name such as mx.example.com")
    .optional()
    .meta({
      description:
        "The mail server whose Authentication-Results are believed; it must add its own to every mail and remove those that come in under its name. Absent: none are.",
    }),
  maxBytes: z
    .int()
    .min(1024)
    .max(104_857_600)
    .optional()
    .meta({ description: "A larger mail is quarantined. Default 10 MiB." }),
  every: duration.optional().meta({
    description: "How often folders are looked at beside what the server or the file system tells. Default 1m.",
  }),
  ...networkShape,
} as const;
