/** Looks into one document that is new or has changed: which version of its path it is, and what it says. */
import type { DocumentFormat, DocumentsConnector } from "@airworthy/contract";

import type { DocumentVersion, KnownDocument } from "../../kernel/document-version.ts";
import type { DocumentReader } from "../../kernel/documents/document-reader.ts";
import type { DocumentJob, DocumentRefusal, ReadDocument } from "../../kernel/documents/document.ts";
import { resumeAt } from "./deliver-document.ts";
import { loadDocument, type LoadedDocument } from "./load-document.ts";
import type { FoundDocument } from "./scan-tree.ts";

export type TakenDocument = {
  readonly found: FoundDocument;
  readonly document: DocumentVersion;
  readonly batch: string;
  readonly read: ReadDocument | DocumentRefusal;
  /** Passages of it that are in already. */
  readonly after: number;
};

export type Taking = {
  readonly connector: DocumentsConnector;
  readonly reader: DocumentReader;
  /** How documents are read now. */
  readonly reading: string;
  readonly root: string;
  /** The newest version of its path. */
  readonly before: KnownDocument | undefined;
  /** Where the contents stood that are not where they were, by digest. */
  readonly moved: ReadonlyMap<string, string>;
  /** Where the source was left. */
  readonly position: string | undefined;
};

const defaultMaxBytes = 32 * 1024 * 1024;
const defaultMaxPages = 2000;
const defaultLength = 1500;

/** `settled`: it is in, or was refused, as it lies there. `changed`: it changed meanwhile and is looked at again. */
export async function takeDocument(
  found: FoundDocument,
  taking: Taking,
): Promise<TakenDocument | "settled" | "changed"> {
  const { connector, reader, reading, root, before, position } = taking;
  const loaded = await loadDocument(root, found, connector.maxBytes ?? defaultMaxBytes);
  if (loaded === undefined) return "changed";
  const same = before !== undefined && isSame(before, loaded.digest, reading) ? before : undefined;
  if (same?.state === "current" || same?.state === "rejected") return "settled";
  const after = same?.state === "open" ? resumeAt(position, same.batch) : 0;
  const document = versionOf(found, loaded, { ...taking, isNew: after === 0 });
  const read: ReadDocument | DocumentRefusal =
    "bytes" in loaded
      ? await reader.read(jobOf(connector, found, loaded.bytes))
      : { kind: "refused", reason: loaded.reason };
  return { found, document, batch: `${found.name} v${document.version}`, read, after };
}

const isSame = (before: KnownDocument, digest: string, reading: string): boolean =>
  before.digest === digest && before.reading === reading;

function versionOf(
  { name: path, format, bytes, writtenAt }: FoundDocument,
  { digest }: LoadedDocument,
  { reading, before, moved, isNew }: Taking & { readonly isNew: boolean },
): DocumentVersion {
  const movedFrom = moved.get(digest);
  return {
    path,
    version: (before?.version ?? 0) + (isNew ? 1 : 0),
    digest,
    reading,
    format,
    bytes,
    // A time that is still to come says nothing.
    asOf: Math.min(writtenAt, Date.now()),
    ...(movedFrom === undefined || movedFrom === path ? {} : { movedFrom }),
  };
}

type Named = { readonly format: DocumentFormat; readonly name: string };

function jobOf(connector: DocumentsConnector, { format, name }: Named, bytes: Uint8Array): DocumentJob {
  const { encoding = "utf-8", passageLength = defaultLength, maxPages = defaultMaxPages } = connector;
  return { format, bytes, name: name.split("/").at(-1) ?? name, encoding, passageLength, maxPages };
}
