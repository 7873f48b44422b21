/** The port to the actions' working rows: opened once for identical calls, claimed by epoch, settled once. */
import type {
  ActionId,
  ActionRecord,
  ActionStatus,
  JsonObject,
  OnBehalfOf,
  RecallLeave,
  Snapshot,
} from "@airworthy/contract";

import type { Outcome } from "./action-walk.ts";

export type NewAction = {
  readonly id: ActionId;
  readonly tenant: string;
  readonly agent: string;
  readonly tool: string;
  readonly callDigest: string;
  readonly idempotencyKey: string | undefined;
  readonly arguments: JsonObject;
  readonly argumentsDigest: string;
  readonly run: string | undefined;
  readonly confidence: number | undefined;
  readonly rationale: string | undefined;
  readonly protocol: JsonObject | undefined;
  readonly onBehalfOf: OnBehalfOf | undefined;
  readonly recall?: RecallLeave | undefined;
};

/** An action as the store has it. `walk` is the epoch of the claim; `mask` what the policy hides of its result. */
export type StoredAction = {
  readonly tenant: string;
  readonly walk: number;
  readonly callDigest: string;
  readonly idempotencyKey: string | undefined;
  readonly protocol: JsonObject | undefined;
  readonly mask: readonly string[];
  readonly record: ActionRecord;
};

/** `opened`: this caller walks it. Otherwise the same call is there already; `collected`: its end is owed, until `markDelivered`. */
export type Opening =
  | { readonly opened: true }
  | { readonly opened: false; readonly action: StoredAction; readonly collected: boolean };

export type ActionFilter = {
  readonly agent?: string | undefined;
  readonly tool?: string | undefined;
  readonly status?: ActionStatus | undefined;
  readonly entity?: string | undefined;
  readonly before?: ActionId | undefined;
  readonly limit: number;
};

export type StartedEffect = {
  readonly tool: string;
  readonly state: string;
  readonly idempotencyKey: string;
  readonly snapshotVersion: number;
  /** Epoch ms by the database. */
  readonly startedAt: number;
};

/** The end of an action whose walk was interrupted, or which a person has cleared up. */
export type Settlement = {
  readonly tenant: string;
  readonly id: ActionId;
  readonly walk: number;
  readonly from: "running" | "unknown";
  readonly outcome: Extract<Outcome, { status: "done" | "failed" | "unknown" }>;
  /** Who established it: `recovery`, or the person. */
  readonly by: string;
  readonly reason: string;
};

export type ActionStore = {
  readonly open: (action: NewAction) => Promise<Opening>;
  readonly read: (tenant: string, id: ActionId) => Promise<StoredAction | undefined>;
  readonly list: (tenant: string, filter: ActionFilter) => Promise<StoredAction[]>;
  /** Takes a waiting action to walk it again; undefined when another node has it or it is not waiting. */
  readonly claimWaiting: (tenant: string, id: ActionId) => Promise<StoredAction | undefined>;
  /** Takes running actions whose walker has gone silent past its time. */
  readonly claimInterrupted: (limit: number) => Promise<StoredAction[]>;
  /** Gives up a claim after a failure of ours, so that recovery need not wait for its time to pass. */
  readonly release: (action: { tenant: string; id: ActionId; walk: number }) => Promise<void>;
  /** Waiting actions whose approval has been decided or has run out; none whose sources are given time to come back. */
  readonly decided: (limit: number) => Promise<{ tenant: string; id: ActionId }[]>;
  /** The proposer has heard the end: a repeat is a new action. May be lost in a crash; then a repeat collects once more. */
  readonly markDelivered: (tenant: string, id: ActionId) => Promise<void>;
  readonly readEffect: (tenant: string, id: ActionId) => Promise<StartedEffect | undefined>;
  readonly readSnapshot: (tenant: string, version: number) => Promise<Snapshot>;
  /** Rejects as `conflict` when the action is no longer as the settlement says. */
  readonly settle: (settlement: Settlement) => Promise<void>;
};
