/** The ports to documents that a source brings in: which version is current, and what agents read of them. */
import type { DocumentFormat, Json } from "@airworthy/contract";

import type { BatchRef, SourceAt, SourceLease } from "./source-store.ts";

/** One content of one path. Times in epoch ms. */
export type DocumentVersion = {
  /** Below the folder, parted by slashes. */
  readonly path: string;
  /** Rises with each content of the path. */
  readonly version: number;
  /** SHA-256 of the bytes in hex. */
  readonly digest: string;
  /** How they were read: other settings give other passages. */
  readonly reading: string;
  readonly format: DocumentFormat;
  readonly bytes: number;
  readonly asOf: number;
  /** The rest is known once it could be read. */
  readonly title?: string;
  readonly pages?: number;
  readonly passages?: number;
  readonly hidden?: number;
  /** The path at which the same content stood that is not there any more. */
  readonly movedFrom?: string;
};

export type DocumentState = "open" | "current" | "superseded" | "moved" | "gone" | "rejected";

/** The newest version of a path. */
export type KnownDocument = Pick<DocumentVersion, "path" | "version" | "digest" | "reading"> & {
  readonly batch: string;
  readonly state: DocumentState;
};

/** For whoever brings documents in. What is written of a version itself goes with the parts of its batch. */
export type DocumentShelf = {
  readonly known: (at: SourceAt) => Promise<KnownDocument[]>;
  /** Records that this content cannot be read; what the path held before is superseded all the same. */
  readonly reject: (
    lease: SourceLease,
    batch: BatchRef,
    refused: { readonly document: DocumentVersion; readonly reason: string },
  ) => Promise<void>;
  /** These are not there any more: from now on no agent reads them. */
  readonly withdraw: (lease: SourceLease, paths: readonly string[]) => Promise<void>;
};

/** A passage as a tool finds it; `value` is the record as it was brought in. Times in epoch ms. */
export type FoundPassage = {
  readonly value: Json;
  readonly batch: string;
  readonly asOf: number | undefined;
  readonly receivedAt: number;
  /** Other current documents of this source that hold the very same text. */
  readonly alsoIn: number;
};

/** A passage that no agent reads any more, and what stands in its document's place. */
export type FormerPassage = {
  readonly state: Exclude<DocumentState, "open" | "current">;
  readonly document: string;
  readonly path: string;
  readonly since: number;
  readonly now?: { readonly path: string; readonly document: string };
};

export type ListedDocument = {
  readonly path: string;
  readonly document: string;
  readonly title: string;
  readonly format: string;
  readonly bytes: number;
  readonly pages: number | undefined;
  readonly passages: number;
  readonly hidden: number;
  readonly asOf: number;
  readonly receivedAt: number;
};

export type PassageSearch = {
  readonly query: string;
  /** A folder or a document. */
  readonly under: string | undefined;
  readonly limit: number;
  /** A PostgreSQL text search configuration. */
  readonly language: string;
};

/** For tools. Current documents alone, a document that is being brought in not before it is whole. */
export type SourceDocuments = {
  /**
   * The best first, each text once. `match`: whether they hold all of the words or any; `more`: whether there are others.
   */
  readonly search: (
    at: SourceAt,
    asked: PassageSearch,
  ) => Promise<{ readonly passages: FoundPassage[]; readonly match: "all" | "any"; readonly more: boolean }>;
  readonly find: (at: SourceAt, hash: string) => Promise<FoundPassage | FormerPassage | undefined>;
  readonly list: (
    at: SourceAt,
    asked: { readonly under: string | undefined; readonly after: string; readonly limit: number },
  ) => Promise<ListedDocument[]>;
};
