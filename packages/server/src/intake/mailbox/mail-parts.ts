/** Reads found mails and brings them in, part after part: a mail that is none is set aside, the others go on. */
import { createHash } from "node:crypto";

import type { MailboxConnector } from "@airworthy/contract";

import { digestJson } from "../../kernel/canonical.ts";
import type { Message } from "../../kernel/records/read-message.ts";
import type { SourceRun } from "../source-driver.ts";
import type { Mail, MailContent } from "./mail.ts";
import { createMailReader } from "./mail-reader.ts";

export type FoundMail = {
  readonly folder: string;
  /** Epoch ms, by the server or the file. */
  readonly receivedAt: number;
  /** Of the whole mail. */
  readonly bytes: number;
  /** Where it is not read: its first `startBytes`. */
  readonly raw: Uint8Array;
  /** Why it is not read. */
  readonly why?: string;
};

export type MailParts = {
  /** Reads them and writes them in one transaction with the position. */
  readonly bring: (mails: readonly FoundMail[], part: Part) => Promise<void>;
  readonly close: () => Promise<void>;
};
type Part = { readonly origin: string; readonly position?: string; readonly lag: number };

const shownBytes = 4096;

/** Of a mail that is too large so much is read: it tells it from others, and people see what it is. */
export const startBytes = 65_536;

/** How many mails are in one part at most, and how many bytes of them. */
export const partMails = 200;
export const partBytes = 4 * 1024 * 1024;

export function createMailParts({ connector, intake, signal }: SourceRun<MailboxConnector>): MailParts {
  const reader = createMailReader({ authservId: connector.authservId, signal });
  async function toMessage(found: FoundMail, number: number): Promise<Message> {
    const { folder: type, receivedAt, raw, why } = found;
    const base = { number, type, id: mailId(found) };
    const read = why === undefined ? await reader.read(raw) : { why: `mail (${why})` };
    if ("why" in read)
      return { ...base, time: receivedAt, digest: sha256(raw), unreadable: showStart(raw), why: read.why };
    const mail = toMail(read.mail, found);
    const key = mail.digest.slice(0, 32);
    return { ...base, key, digest: mail.digest, time: Date.parse(mail.asOf), payload: toJson(mail) };
  }
  return {
    bring: async (mails, { origin, ...rest }) => {
      const messages: Message[] = [];
      for (const found of mails) {
        signal.throwIfAborted();
        // oxlint-disable-next-line no-await-in-loop -- one reader
        messages.push(await toMessage(found, messages.length + 1));
      }
      const digest = digestJson(messages.map(({ id }) => id ?? ""));
      // The same mails are the same batch, whenever they come: another one never has its id.
      const batch = { id: `${origin} ${digest.slice(0, 16)}`, origin, digest };
      await intake.deliver({ batch, messages, ...rest });
    },
    close: reader.close,
  };
}

/** The same wherever it lies, and whatever has become of its flags. */
export function mailId({ raw, bytes, why }: Pick<FoundMail, "raw" | "bytes" | "why">): string {
  return `mail ${sha256(raw)}${why === undefined ? "" : ` of ${bytes}`}`;
}

const sha256 = (raw: Uint8Array): string => createHash("sha256").update(raw).digest("hex");

export function tooLarge(bytes: number, bytesMax: number): string {
  return `it has ${bytes} bytes, and at most ${bytesMax} are read`;
}

/** A date is the sender's claim. Ahead of its arrival it is wrong, and would make the mail younger than it is. */
function toMail(content: MailContent, { folder, receivedAt }: FoundMail): Mail {
  const received = new Date(receivedAt).toISOString();
  const isDated = content.date !== null && Date.parse(content.date) <= receivedAt;
  const asOf = isDated ? (content.date ?? received) : received;
  return { ...content, folder, receivedAt: received, asOf, asOfFrom: isDated ? "date" : "received" };
}

const toJson = (mail: Mail) => ({
  ...mail,
  to: [...mail.to],
  cc: [...mail.cc],
  replyTo: [...mail.replyTo],
  attachments: mail.attachments.map((one) => ({ ...one })),
  authentication: { ...mail.authentication },
});

function showStart(raw: Uint8Array): string {
  return Buffer.from(raw.subarray(0, shownBytes)).toString("utf8").replaceAll("\0", "\u{FFFD}");
}
