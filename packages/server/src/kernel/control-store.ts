/** The ports to what people administer: stops, keys, approvals, snapshots, and the ledger as it is read. */
import type {
  ActionId,
  ActionRecord,
  Approval,
  ApprovalId,
  ApprovalStatus,
  ConfigFile,
  EntityNote,
  EntityRecord,
  Explanation,
  KeyId,
  LedgerVerification,
  Snapshot,
  Stop,
  StopId,
  StopMode,
  StopScope,
} from "@airworthy/contract";

import type { Approvals } from "./deps.ts";
import type { RecordedRequest } from "./policy/fill-request.ts";

export type NewStop = {
  readonly id: StopId;
  readonly scope: StopScope;
  readonly mode: StopMode;
  readonly reason: string;
  readonly by: string;
};
export type StopStore = {
  readonly list: (tenant: string, all: boolean) => Promise<Stop[]>;
  readonly set: (tenant: string, stop: NewStop) => Promise<Stop>;
  readonly lift: (
    tenant: string,
    lift: { readonly id: StopId; readonly by: string; readonly reason: string | undefined },
  ) => Promise<Stop>;
};

export type KeyHolder = { readonly kind: "agent" | "person"; readonly name: string };
export type KeyRow = KeyHolder & { readonly id: KeyId; readonly createdAt: Date; readonly expiresAt: Date | null };
export type KeyStore = {
  readonly create: (
    tenant: string,
    request: { readonly holder: KeyHolder; readonly by: string; readonly expiresInDays: number | undefined },
  ) => Promise<{ id: KeyId; key: string; expiresAt: Date | null }>;
  /** Whose key this is, or undefined for anything else: malformed, unknown, expired, revoked. */
  readonly find: (key: string) => Promise<(KeyHolder & { readonly tenant: string }) | undefined>;
  readonly revoke: (tenant: string, id: KeyId, by: string) => Promise<Date>;
  readonly list: (tenant: string) => Promise<KeyRow[]>;
};

/** A person's answer. `teamsOf` gives the teams still open for which this person may sign, the best first. */
export type Answer = {
  readonly id: ApprovalId;
  readonly by: string;
  readonly teamsOf: (approval: Pick<Approval, "approvers" | "signOffs" | "notBy">) => readonly string[];
  readonly verdict: "approve" | "reject";
  readonly reason: string;
};
export type ApprovalStore = Approvals & {
  readonly read: (tenant: string, id: ApprovalId) => Promise<Approval | undefined>;
  readonly list: (
    tenant: string,
    filter: { readonly status: ApprovalStatus | undefined; readonly team: string | undefined; readonly limit: number },
  ) => Promise<Approval[]>;
  /** Records the answer and, when it settles the matter, moves the approval. */
  readonly decide: (tenant: string, answer: Answer) => Promise<Approval>;
  /** Silence means no: approvals past their time expire, on the record. */
  readonly expire: (tenant: string, action: ActionId) => Promise<void>;
};

export type EntityStore = {
  /** Undefined when nothing was ever done to it. `limit` effects before the version `before`, the newest first. */
  readonly read: (
    tenant: string,
    page: { readonly entity: string; readonly before: number | undefined; readonly limit: number },
  ) => Promise<EntityRecord | undefined>;
  /** @throws AirworthyError `conflict` when it releases a hold that is not open. */
  readonly note: (tenant: string, noted: { readonly note: EntityNote; readonly by: string }) => Promise<EntityRecord>;
};

export type SnapshotContent = Omit<Snapshot, "version">;
export type SnapshotStore = {
  /** @throws AirworthyError `conflict` when the live snapshot is not the base that the plan was made on. */
  readonly publish: (
    tenant: string,
    publication: {
      readonly content: SnapshotContent;
      readonly files: readonly ConfigFile[];
      readonly base: { readonly version: number; readonly digest: string };
      readonly by: string;
    },
  ) => Promise<{ version: number; digest: string }>;
  /** Who published a version. */
  readonly publishedBy: (tenant: string, version: number) => Promise<string>;
  readonly ensureTenant: (tenant: string) => Promise<void>;
};

/** A decision as it was recorded: what the policies were asked, and what was decided. */
export type RecordedDecision = {
  readonly action: string;
  readonly agent: string;
  readonly tool: string;
  readonly request: RecordedRequest;
};
/** What the ledger says of an action, field by field. A field that is there and undefined is one the action did not have. */
export type ToldRecord = { readonly [Field in keyof ActionRecord]?: ActionRecord[Field] | undefined };
/** One action as its working row and as its ledger entries tell it, both of the same moment. */
export type ActionAccount = Pick<Explanation, "action" | "effect" | "proof"> & {
  readonly told: ToldRecord;
  /** Entries of the action that are not as they were written: nothing is taken from them. */
  readonly unsound: readonly { readonly chain: string; readonly seq: number; readonly field: string }[];
};
/**
 * Writes down who turned which token into its value, and why; never the value. Resolves when it is durable; rejects as
 * `rate_limited` for a person who has done that too often lately.
 */
export type RevealLog = {
  readonly note: (
    tenant: string,
    reveal: { readonly token: string; readonly class: string; readonly by: string; readonly reason: string },
  ) => Promise<void>;
};
export type LedgerReader = {
  readonly verify: (tenant: string) => Promise<LedgerVerification>;
  readonly account: (tenant: string, id: ActionId) => Promise<ActionAccount | undefined>;
  /** The newest recorded decisions that policies took part in. */
  readonly decisions: (tenant: string, limit: number) => Promise<RecordedDecision[]>;
};
