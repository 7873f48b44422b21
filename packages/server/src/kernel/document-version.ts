/** One content of one path, and what has become of it. */
import type { DocumentFormat } from "@airworthy/contract";

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
export type KnownDocument = Pick<DocumentVersion, "path" | "version" | "digest" | "reading" | "bytes" | "asOf"> & {
  readonly batch: string;
  readonly state: DocumentState;
};
