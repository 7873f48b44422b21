/** Brings the passages of one document in, part after part; with the last one they take the place of those before. */
import { AirworthyError, type Json } from "@airworthy/contract";

import type { DocumentVersion } from "../../kernel/document-store.ts";
import type { Passage, ReadDocument } from "../../kernel/documents/document.ts";
import { isJsonObject, parseJsonStrict } from "../../kernel/json.ts";
import type { Message } from "../../kernel/records/read-message.ts";
import type { SourceIntake } from "../source-driver.ts";

export type DocumentDelivery = {
  readonly document: DocumentVersion;
  readonly batch: string;
  readonly read: ReadDocument;
  /** Passages that are in already. */
  readonly after: number;
  /** Documents that wait behind this one. */
  readonly lag: number;
  readonly intake: SourceIntake;
  readonly signal: AbortSignal;
};

const partPassages = 500;

export async function deliverDocument(delivery: DocumentDelivery): Promise<void> {
  const { batch: id, read, after, lag, intake, signal } = delivery;
  const { title, pages, hidden, passages } = read;
  const counted = { title, hidden, passages: passages.length, ...(pages === undefined ? {} : { pages }) };
  const document: DocumentVersion = { ...delivery.document, ...counted };
  const { digest, path, asOf } = document;
  const batch = { id, origin: path, digest, asOf };
  let at = after;
  do {
    signal.throwIfAborted();
    const part = passages.slice(at, at + partPassages);
    at += part.length;
    const more = at < passages.length;
    const messages = part.map((passage) => toMessage(passage, { id, document }));
    const position = JSON.stringify({ batch: id, passage: at });
    // oxlint-disable-next-line no-await-in-loop -- one part after the other
    await intake.deliver({ batch, messages, position, more, lag, document });
  } while (at < passages.length);
}

/** After how many passages of this batch the source was left. */
export function resumeAt(position: string | undefined, batch: string): number {
  if (position === undefined) return 0;
  const value = parseJsonStrict(Buffer.from(position));
  const { batch: left, passage } = isJsonObject(value) ? value : {};
  if (typeof left !== "string" || typeof passage !== "number") {
    throw new AirworthyError("internal", "The position of this source is not one of documents.");
  }
  return left === batch ? passage : 0;
}

function toMessage(
  passage: Passage,
  { id, document }: { readonly id: string; readonly document: DocumentVersion },
): Message {
  const { hash, ordinal, headings, page, text, hidden } = passage;
  const { digest, path, title, format, asOf } = document;
  const payload: Json = {
    hash,
    document: digest,
    path,
    title: title ?? "",
    format,
    headings: [...headings],
    ...(page === undefined ? {} : { page }),
    ordinal,
    text,
    hidden,
  };
  return { number: ordinal, key: `${id}#${ordinal}`, type: path, time: asOf, payload };
}
