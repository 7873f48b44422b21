/** Looks into documents that are new or have changed: which version of its path each is, and what it says. */
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
  /** This content was refused before, read as it is read now: only another answer is news. */
  readonly wasRefused: boolean;
};

export type Taking = {
  readonly connector: DocumentsConnector;
  readonly reader: DocumentReader;
  /** How documents are read now. */
  readonly reading: string;
  readonly root: string;
  /** The newest version of each path. */
  readonly known: ReadonlyMap<string, KnownDocument>;
  /** Where the contents stood that are not where they were, by digest. */
  readonly moved: ReadonlyMap<string, string>;
  /** Where the source was left. */
  readonly position: string | undefined;
};

const defaultMaxBytes = 32 * 1024 * 1024;
const defaultMaxPages = 2000;
const defaultLength = 1500;

/** Read together: what is sent to the reader at once, and what of it is in memory. */
const togetherMax = 32;
const togetherBytes = 32 * 1024 * 1024;

/** What is to be taken together, in order. */
export function* groupDocuments(found: readonly FoundDocument[]): Generator<FoundDocument[]> {
  let group: FoundDocument[] = [];
  let bytes = 0;
  for (const one of found) {
    if (group.length >= togetherMax || (group.length > 0 && bytes + one.bytes > togetherBytes)) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(one);
    bytes += one.bytes;
  }
  if (group.length > 0) yield group;
}

/**
 * One for each, in their order. `settled`: it is in as it lies there. `changed`: it changed meanwhile and is looked at again.
 * What was refused before is read again: the reason may have gone.
 */
export async function takeDocuments(
  group: readonly FoundDocument[],
  taking: Taking,
): Promise<(TakenDocument | "settled" | "changed")[]> {
  const { connector, reader } = taking;
  const loaded = await Promise.all(group.map((found) => openDocument(found, taking)));
  const jobs = loaded.flatMap((one) =>
    typeof one === "string" || one.bytes === undefined ? [] : jobOf(connector, one.found, one.bytes),
  );
  const answers = (await reader.read(jobs))[Symbol.iterator]();
  return loaded.map((one) => {
    if (typeof one === "string") return one;
    const { bytes, refused, ...opened } = one;
    const read = bytes === undefined ? undefined : answers.next().value;
    return { ...opened, read: read ?? { kind: "refused", reason: refused ?? "it cannot be read" } };
  });
}

type Opened = Omit<TakenDocument, "read"> & { readonly bytes?: Buffer; readonly refused?: string };

async function openDocument(found: FoundDocument, taking: Taking): Promise<Opened | "settled" | "changed"> {
  const { connector, reading, root, position } = taking;
  const loaded = await loadDocument(root, found, connector.maxBytes ?? defaultMaxBytes);
  if (loaded === undefined) return "changed";
  const before = taking.known.get(found.name);
  const same = before !== undefined && isSame(before, loaded.digest, reading) ? before : undefined;
  if (same?.state === "current") return "settled";
  const after = same?.state === "open" ? resumeAt(position, same.batch) : 0;
  const document = versionOf(found, loaded, { ...taking, before, isNew: after === 0 });
  const content = "bytes" in loaded ? { bytes: loaded.bytes } : { refused: loaded.reason };
  const wasRefused = same?.state === "rejected";
  return { found, document, batch: `${found.name} v${document.version}`, after, wasRefused, ...content };
}

const isSame = (before: KnownDocument, digest: string, reading: string): boolean =>
  before.digest === digest && before.reading === reading;

function versionOf(
  { name: path, format, bytes, writtenAt }: FoundDocument,
  { digest }: LoadedDocument,
  { reading, before, moved, isNew }: Taking & { readonly before: KnownDocument | undefined; readonly isNew: boolean },
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
