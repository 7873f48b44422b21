/** What reading a document gives: its passages in order, or why it cannot be read. */
import type { DocumentFormat } from "@airworthy/contract";

export type Passage = {
  /** SHA-256 in hex of its text, every run of blanks made one: the same wherever the text stands. */
  readonly hash: string;
  /** From 1, in the order of the document. */
  readonly ordinal: number;
  /** The headings above it, outermost first. */
  readonly headings: readonly string[];
  /** From 1; of a PDF alone. */
  readonly page?: number;
  readonly text: string;
  /** Invisible characters and remarks that were taken out of it. */
  readonly hidden: number;
};

export type ReadDocument = {
  readonly kind: "read";
  readonly title: string;
  readonly pages?: number;
  /** Of the whole document, as of a passage. */
  readonly hidden: number;
  readonly passages: readonly Passage[];
};
/** `reason` completes "It was not taken: …". `mayPass`: it may be the machine's fault, and another try may read it. */
export type DocumentRefusal = { readonly kind: "refused"; readonly reason: string; readonly mayPass?: true };

export type DocumentJob = {
  readonly format: DocumentFormat;
  readonly bytes: Uint8Array;
  /** The file's own name: the title where the document says none. */
  readonly name: string;
  readonly encoding: "utf-8" | "windows-1252";
  readonly passageLength: number;
  readonly maxPages: number;
};

/** A stretch of text as its document has it, before it is cut to passages. */
export type Block = {
  readonly text: string;
  readonly headings: readonly string[];
  readonly page?: number;
  readonly hidden: number;
};

/** Raised when the same bytes give other passages than before: documents are then read again. */
export const readingVersion = 2;

/** Why a document is refused; caught where reading begins. */
export class Unreadable extends Error {}
