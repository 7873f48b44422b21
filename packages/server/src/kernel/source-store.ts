/** The ports to sources that bring records in: what is brought, how it is written once, and what is read of it. */
import type {
  IngestConnector,
  Json,
  Quarantined,
  QuarantinedDetail,
  QuarantineId,
  QuarantineState,
  SourceDetail,
  SourceState,
} from "@airworthy/contract";

import type { DocumentVersion, KnownDocument } from "./document-version.ts";

/** A value of a fact as a record brought it. `asOf` in epoch ms. */
export type PushedFact = {
  readonly fact: string;
  readonly key: string;
  readonly value: Json;
  /** The tool that yields it. */
  readonly source: string;
  readonly asOf?: number;
  readonly version?: string;
};

/** Where a record stands: the message in its batch, from 1, and the record in its message, from 0. */
export type RecordPlace = { readonly number: number; readonly item: number };

/** A record that is what its contract says, or that a person released. `asOf` in epoch ms. */
export type IncomingRecord = RecordPlace & {
  readonly record: string;
  readonly key: string;
  readonly version?: string;
  readonly asOf?: number;
  readonly value: Json;
  readonly deleted: boolean;
  readonly facts: readonly PushedFact[];
  /** Where the record is a passage of a document: its hash, and the words by which it is found. */
  readonly passage?: {
    readonly hash: string;
    readonly title: string;
    readonly headings: string;
    readonly text: string;
    /** A PostgreSQL text search configuration. */
    readonly language: string;
  };
};

export type RecordFaults = readonly { readonly field: string; readonly expected: string; readonly found: string }[];

/** A record that is not what its contract says. `value` is its text where it could not be read. */
export type HeldRecord = RecordPlace & {
  readonly record?: string;
  readonly key?: string;
  readonly contract?: { readonly name: string; readonly version: number };
  readonly faults: RecordFaults;
  readonly value: Json;
  readonly readable: boolean;
  /** What the message said beside the payload, for whoever releases the record. */
  readonly eventAt?: number;
  readonly eventKey?: string;
};

/** One message and what it holds. Of two with one id the first counts. */
export type ReadMessage = {
  readonly number: number;
  readonly id?: string;
  readonly digest: string;
  readonly records: readonly IncomingRecord[];
  readonly held: readonly HeldRecord[];
};

/** `id` is the sender's or the driver's, unique within the source; the same batch always has the same. */
export type BatchRef = {
  readonly id: string;
  readonly origin: string;
  readonly digest: string;
  readonly asOf?: number;
};

/** A batch or a part of one, to be written in one transaction with the position that follows it. */
export type IngestPart = {
  readonly batch: BatchRef;
  readonly messages: readonly ReadMessage[];
  /** Where to go on after this part. */
  readonly position?: string;
  /** Whether more of this batch is to come. */
  readonly more: boolean;
  readonly lag?: number;
  /** The version of a document that this batch brings: with its last part it takes the place of the one before. */
  readonly document?: DocumentVersion;
};

/**
 * `duplicate`: this batch was complete already. `conflicting`: another batch of this id was. Nothing is written of either.
 * The counts are of this part; duplicates are records and messages that were there already.
 */
export type PartOutcome = {
  readonly state: "taken" | "duplicate" | "conflicting";
  readonly records: number;
  readonly quarantined: number;
  readonly duplicates: number;
  readonly late: number;
};

/** The right to bring in one source, until another node has it. */
export type SourceLease = {
  readonly tenant: string;
  readonly connector: string;
  readonly epoch: number;
  readonly position: string | undefined;
};

export type KnownBatch = { readonly id: string; readonly digest: string; readonly state: string };

export type SourceStore = {
  /** Undefined while another node holds it. */
  readonly acquire: (at: SourceAt, holder: string) => Promise<SourceLease | undefined>;
  /** False when it is another node's now. */
  readonly renew: (lease: SourceLease, holder: string) => Promise<boolean>;
  readonly release: (lease: SourceLease, holder: string) => Promise<void>;
  /**
   * Writes parts in one transaction, all or nothing. Without a lease for what is pushed to us.
   * @throws AirworthyError `conflict` when the lease is another's now; `unavailable` when the quarantine is full.
   */
  readonly ingest: (
    at: SourceAt & { readonly lease?: SourceLease },
    parts: readonly IngestPart[],
  ) => Promise<PartOutcome[]>;
  /** Records that a batch was not taken as a whole, and why; of one that was refused before, why now. */
  readonly rejectBatch: (lease: SourceLease, batch: BatchRef, reason: string) => Promise<void>;
  readonly knownBatches: (
    at: SourceAt,
    find: { readonly ids: readonly string[]; readonly digests: readonly string[] },
  ) => Promise<KnownBatch[]>;
  /** Those of these messages that were brought in before, by their ids. */
  readonly knownMessages: (at: SourceAt, ids: readonly string[]) => Promise<ReadonlySet<string>>;
  /** The database's time, epoch ms. */
  readonly time: () => Promise<number>;
  /** Everything that had happened at the source at `at`, by the database's time, is in. */
  readonly noteCaughtUp: (lease: SourceLease, at: number) => Promise<void>;
  readonly noteProblem: (at: SourceAt, problem: string | undefined) => Promise<void>;
  /** Forgets superseded and late records, and ids of messages unless they are kept. */
  readonly forget: (at: SourceAt, old: { readonly olderThanMs: number; readonly keepsIds: boolean }) => Promise<void>;
  readonly documents: DocumentShelf;
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
export type SourceAt = { readonly tenant: string; readonly connector: string };

/** A record as a tool finds it. Times in epoch ms. */
export type StoredRecord = {
  readonly record: string;
  readonly key: string;
  readonly value: Json;
  readonly version: string | undefined;
  readonly asOf: number | undefined;
  readonly receivedAt: number;
  readonly batch: string;
};
export type SourceRecords = {
  readonly find: (at: SourceAt, record: string, key: string) => Promise<StoredRecord | undefined>;
  /** In the order of keys. */
  readonly list: (
    at: SourceAt,
    which: { readonly record: string; readonly after: string; readonly limit: number },
  ) => Promise<StoredRecord[]>;
  /** When everything at the source was known to be in, epoch ms. */
  readonly caughtUpAt: (at: SourceAt) => Promise<number | undefined>;
};

/** A record of a tool's answer that is not what the tool's contract says. */
export type HeldInAnswer = { readonly number: number; readonly value: Json; readonly faults: RecordFaults };
export type ReadQuarantine = {
  /** Sets them aside; answers the numbers of those that a person has released as they are. */
  readonly hold: (
    at: SourceAt & { readonly tool: string; readonly contract: { readonly name: string; readonly version: number } },
    records: readonly HeldInAnswer[],
  ) => Promise<ReadonlySet<number>>;
};

export type StoredQuarantined = QuarantinedDetail & {
  readonly readable: boolean;
  readonly item: number;
  readonly eventAt: number | undefined;
  readonly eventKey: string | undefined;
  /** As it came, whole. */
  readonly whole: Json;
};
export type QuarantineStore = {
  readonly list: (
    tenant: string,
    filter: {
      readonly connector: string | undefined;
      readonly state: QuarantineState;
      readonly limit: number;
    },
  ) => Promise<Quarantined[]>;
  readonly read: (tenant: string, id: QuarantineId) => Promise<StoredQuarantined | undefined>;
  /**
   * Settles it once, on the record. `take` is brought in with it; without it the record of an answer may pass from now on.
   * @throws AirworthyError `conflict` when somebody has decided already.
   */
  readonly decide: (
    tenant: string,
    decision: {
      readonly id: QuarantineId;
      readonly verdict: "released" | "discarded";
      readonly by: string;
      readonly reason: string;
      readonly take?: IncomingRecord;
      readonly amended: boolean;
    },
  ) => Promise<Quarantined>;
};

/** Sources as people see them, with what the snapshot says of each. */
export type SourceReader = {
  readonly list: (tenant: string, connectors: readonly IngestConnector[]) => Promise<SourceState[]>;
  readonly read: (tenant: string, connector: IngestConnector) => Promise<SourceDetail>;
};
