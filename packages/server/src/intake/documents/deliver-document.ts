/** Makes of the passages of one document the parts in which it is brought in; with the last one it takes the place of what was before. */
import { AirworthyError, type Json } from "@airworthy/contract";

import type { DocumentVersion } from "../../kernel/document-version.ts";
import type { DocumentRefusal, Passage, ReadDocument } from "../../kernel/documents/document.ts";
import { isJsonObject, parseJsonStrict } from "../../kernel/json.ts";
import type { Message } from "../../kernel/records/read-message.ts";
import type { Delivery } from "../source-driver.ts";

type Delivered = {
  readonly document: DocumentVersion;
  readonly batch: string;
  readonly read: ReadDocument | DocumentRefusal;
  /** Passages that are in already. */
  readonly after: number;
};

const partPassages = 500;

/** `lag`: documents that wait behind this one. */
export function* deliveriesOf({ batch: id, read, after, ...rest }: Delivered, lag: number): Generator<Delivery> {
  if (read.kind === "refused") return;
  const { title, pages, hidden, passages } = read;
  const counted = { title, hidden, passages: passages.length, ...(pages === undefined ? {} : { pages }) };
  const document: DocumentVersion = { ...rest.document, ...counted };
  const { digest, path, asOf } = document;
  const batch = { id, origin: path, digest, asOf };
  let at = after;
  do {
    const part = passages.slice(at, at + partPassages);
    at += part.length;
    const messages = part.map((passage) => toMessage(passage, { id, document }));
    const position = JSON.stringify({ batch: id, passage: at });
    yield { batch, messages, position, more: at < passages.length, lag, document };
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
  { hash, ordinal, headings, page, text, hidden }: Passage,
  { id, document }: { readonly id: string; readonly document: DocumentVersion },
): Message {
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
