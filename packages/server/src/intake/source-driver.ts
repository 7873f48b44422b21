/** What a kind of source implements, and what it is handed: where it left off, and one way to bring in what it finds. */
import type { AirworthyError, IngestConnector, SecretRef, Snapshot } from "@airworthy/contract";

import type { DocumentVersion, KnownDocument } from "../kernel/document-version.ts";
import type { Peers } from "../kernel/network/create-peers.ts";
import type { Message } from "../kernel/records/read-message.ts";
import type { BatchRef, KnownBatch, PartOutcome } from "../kernel/source-store.ts";

/** A batch or a part of one. Write parts of at most a thousand messages: each is one transaction. */
export type Delivery = {
  readonly batch: BatchRef;
  readonly messages: readonly Message[];
  /** Where to go on after this, kept in the transaction that writes the records. */
  readonly position?: string;
  /** Whether more of this batch is to come; default no. A batch that is complete is a duplicate from then on. */
  readonly more?: boolean;
  /** What is known to be there and not yet in. */
  readonly lag?: number;
  /** The version of a document that this batch brings. */
  readonly document?: DocumentVersion;
};

export type SourceIntake = {
  /** What the last delivery gave as its position. */
  readonly position: () => string | undefined;
  /**
   * Checks the records, sets aside what breaks its contract, and writes the rest with the position: all or nothing.
   * When it rejects, nothing of it is written, or it is not known: begin again from the position.
   */
  readonly deliver: (delivery: Delivery) => Promise<PartOutcome>;
  /** Several batches in one transaction, all or nothing: for sources of many small ones. */
  readonly deliverAll: (deliveries: readonly Delivery[]) => Promise<PartOutcome[]>;
  /** Refuses a batch as a whole: a file whose totals do not add up. */
  readonly reject: (batch: BatchRef, reason: string) => Promise<void>;
  /** Batches by these ids or of this content that are known already, whole, in part or as rejected. */
  readonly known: (find: {
    readonly ids?: readonly string[];
    readonly digests?: readonly string[];
  }) => Promise<KnownBatch[]>;
  /** Those of these messages that were brought in before, by their ids. */
  readonly knownMessages: (ids: readonly string[]) => Promise<ReadonlySet<string>>;
  /** The store's time, epoch ms: read before the source is looked at. */
  readonly time: () => Promise<number>;
  /** Everything that had happened at the source at `at`, by the store's time, is in. */
  readonly caughtUp: (at: number) => Promise<void>;
  /** Shown as the source's problem until the next delivery, or until all is in; the run goes on. */
  readonly problem: (error: AirworthyError) => Promise<void>;
  /** Of sources whose batches are documents. */
  readonly documents: {
    readonly known: () => Promise<KnownDocument[]>;
    readonly reject: (
      batch: BatchRef,
      refused: { readonly document: DocumentVersion; readonly reason: string },
    ) => Promise<void>;
    readonly withdraw: (paths: readonly string[]) => Promise<void>;
  };
};

export type SourceRun<C extends IngestConnector = IngestConnector> = {
  readonly tenant: string;
  readonly connector: C;
  readonly snapshot: Snapshot;
  readonly intake: SourceIntake;
  /** The secret itself; @throws AirworthyError that names its place and never its content. */
  readonly secret: (ref: SecretRef) => string;
  /** A text of several lines, such as a private key; @throws as `secret` does. */
  readonly pem: (ref: SecretRef) => string;
  /** A folder for what this source alone keeps at hand; what is in it may be gone at any time. It is there once it is made. */
  readonly spool: string;
  /** Fills `${NAME}` placeholders. */
  readonly fill: (text: string) => string;
  /** Certificates and proxy, read and checked. */
  readonly peers: Peers;
  /** Aborted when the source is another node's, its configuration changed, or the server closes: let go at once. */
  readonly signal: AbortSignal;
};

/**
 * Brings a source in until `signal`, or until there is nothing more for now: then it is called again after `againInMs`, give
 * or take a fifth. Whatever it throws is shown as the source's problem, and it is called again, later each time.
 */
export type SourceDriver<C extends IngestConnector = IngestConnector> = {
  /** Whether the source's values are text only, as in CSV; the contract then says what they are. */
  untyped(connector: C): boolean;
  /** Whether what was brought in stays at the source and may be met again at any time: its ids are then never forgotten. */
  readonly keepsIds?: boolean;
  run(run: SourceRun<C>): Promise<{ readonly againInMs: number } | undefined>;
};
