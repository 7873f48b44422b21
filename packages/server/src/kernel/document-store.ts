/** The port through which agents read documents that a source has brought in. */
import type { Json } from "@airworthy/contract";

import type { DocumentState } from "./document-version.ts";
import type { SourceAt } from "./source-store.ts";

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
