/** The ports: what the rooms may reach. A room names the few it needs, so its second parameter is the list of its rights. */
import type {
  ActionId,
  Approval,
  ApprovalId,
  GovernedTool,
  HeldBack,
  Json,
  JsonObject,
  RecallId,
  Snapshot,
} from "@airworthy/contract";

import type {
  Conflict,
  ControlView,
  FinishedAction,
  Observation,
  Permit,
  PermittedAction,
  SealedReading,
  Sink,
} from "./action-walk.ts";
import type { DataShield } from "./classes/data-shield.ts";
import type { Expressions } from "./computed/create-expressions.ts";
import type { Picture } from "./entities/picture.ts";
import type { Known } from "./provenance/classify.ts";
import type { Reading } from "./provenance/reading.ts";
import type { PolicyAnswer, PolicyRequest } from "./policy/engine.ts";
import type { PushedFact } from "./source-store.ts";

export type { ControlView, Observation, Permit, Sink } from "./action-walk.ts";

/** Time. `now` follows the database's clock (epoch ms); `monotonicMs` is for leases and deadlines of this process. */
export type Clock = { readonly now: () => number; readonly monotonicMs: () => number };

export type Control = {
  /** The view of one tenant. Rejects with a retryable `unavailable` when it cannot be had, or is past its lease. */
  readonly view: (tenant: string) => Promise<ControlView>;
  /** Looks at the store again, now: after a redemption found that the epoch has moved. */
  readonly refresh: (tenant: string) => Promise<void>;
};

/** An earlier claim of a source. Times in epoch ms. */
export type Contradiction = {
  readonly kind: "older" | "same_moment" | "version";
  readonly asOf: number;
  readonly fetchedAt: number;
  readonly version?: string;
};

export type Observations = {
  /** The latest observation of a fact that this principal brought in. */
  readonly latest: (
    tenant: string,
    principal: string,
    at: { readonly fact: string; readonly key: string },
  ) => Promise<Observation | undefined>;
  /** Recent observations of this principal whose values are among these; newest first. */
  readonly matching: (
    tenant: string,
    principal: string,
    valueDigests: readonly string[],
  ) => Promise<readonly Observation[]>;
  /**
   * What the same source claimed before, to anyone, and this cannot follow: an as-of later by more than `toleranceMs`, the
   * same as-of with another value, or a higher number for its version at an as-of no later.
   */
  readonly contradiction: (
    tenant: string,
    observation: Observation,
    toleranceMs: number,
  ) => Promise<Contradiction | undefined>;
  /** The newest value of a fact that a source has pushed, whoever read it before. Times in epoch ms. */
  readonly pushed: (
    tenant: string,
    at: { readonly fact: string; readonly key: string },
  ) => Promise<
    (Omit<PushedFact, "fact" | "key"> & { readonly batch: string; readonly receivedAt: number }) | undefined
  >;
  readonly save: (tenant: string, observations: readonly Observation[]) => Promise<void>;
  /** The keyed digest under which values and keys are compared and cited; keyed per tenant. */
  readonly digest: (tenant: string, value: Json) => Promise<string>;
};

type Reader = { readonly tenant: string; readonly principal: string };
/** What agents have read, value by value, and what they were asked to do. Each principal has its own. */
export type Values = {
  /** Makes what the store keeps of an answer; it is written in the transaction that ends the action. */
  readonly seal: (
    by: Reader & { readonly tool: string; readonly readBy: ActionId },
    reading: Reading,
  ) => Promise<SealedReading>;
  /** The first statement for a run counts; later ones change nothing. */
  readonly stateTask: (of: Reader & { readonly run: string }, task: string) => Promise<void>;
  /**
   * The run's task; recently read values that share a form with one of these; recently read texts and numbers. Newest
   * first. `overflow`: there was more than is kept or fetched.
   */
  readonly look: (
    by: Reader & { readonly run: string | undefined },
    asked: readonly { readonly value: Json; readonly forms: readonly string[] }[],
  ) => Promise<Known>;
};

/** Why a call is looked at no further. All but `invalid_arguments` speak of the tool's MCP server, not of the call. */
export type InputProblem = {
  readonly code: "invalid_arguments" | "tool_changed" | "tool_unavailable" | "tool_unusable";
  /** One sentence, with its place. */
  readonly detail: string;
  /** It may pass by itself. */
  readonly retryable?: boolean;
};

/** Whether arguments fit a tool's input schema. Never rejects for what a server does. */
export type InputSchemas = {
  readonly problems: (snapshot: Snapshot, tool: GovernedTool, args: JsonObject) => Promise<readonly InputProblem[]>;
};

/** What room 2 reads about the action's surroundings, in one look. */
export type Standing = {
  readonly repeats: number;
  readonly usedMinor: readonly number[];
};
export type EntityState = {
  readonly key: string;
  readonly version: number;
  /** The action whose effect on it is under way. */
  readonly holder: string | undefined;
  readonly picture: Picture;
};
export type Surroundings = {
  /** Whether this recall is being carried out: not paused, not ended. */
  readonly recallRuns: (tenant: string, recall: RecallId) => Promise<boolean>;
  /**
   * Version and picture of each business object, both of one moment. Asked before any fact is looked up, or the fact may
   * be the older one. One that nobody has acted upon is not among them.
   */
  readonly entities: (tenant: string, keys: readonly string[]) => Promise<readonly EntityState[]>;
  /** `repeats`: the same call by this agent in the last ten minutes, this action left out. */
  readonly standing: (
    tenant: string,
    of: {
      readonly action: ActionId;
      readonly callDigest: string;
      readonly budgets: readonly { readonly name: string; readonly window: string }[];
    },
  ) => Promise<Standing>;
};

export type PolicyEngine = { readonly evaluate: (request: PolicyRequest) => Promise<PolicyAnswer> };

export type Approvals = {
  /** The newest approval asked for this action, with its sign-offs. */
  readonly find: (tenant: string, action: ActionId) => Promise<Approval | undefined>;
};

/** Only room 4 is handed this. */
export type PermitIssuer = { readonly issuePermit: (binding: string, approval?: ApprovalId) => Permit };

export type Redemption =
  | { readonly redeemed: true; readonly dispatchBeforeMonoMs: number; readonly idempotencyKey: string }
  | { readonly redeemed: false; readonly conflict: Conflict };
/** Only room 5 is handed this. It writes "started" in the same transaction, or nothing. */
export type PermitRedeemer = { readonly redeemPermit: (action: PermittedAction) => Promise<Redemption> };

/** One call of an upstream tool. `idempotencyKey` is ours and stable for the action. */
export type ConnectorCall = {
  readonly tenant: string;
  readonly snapshot: Snapshot;
  readonly tool: GovernedTool;
  readonly arguments: JsonObject;
  readonly idempotencyKey: string;
  readonly timeoutMs: number;
  /** Before this moment of the monotonic clock the request must have left, or it must not leave. */
  readonly dispatchBeforeMonoMs: number;
  readonly sink?: Sink;
  /** Protocol extras an MCP caller sent and its upstream needs verbatim (input responses, request state, _meta). */
  readonly protocol?: JsonObject;
};
/**
 * What is known after a call.
 * `answered`: the upstream said it is done. `rejected`: it said no, nothing was done. `unsent`: the request never left.
 * `ambiguous`: it may or may not have happened.
 */
export type ConnectorAnswer =
  | { readonly kind: "answered"; readonly result: Json; readonly version?: string; readonly heldBack?: HeldBack }
  | { readonly kind: "rejected"; readonly code: string; readonly detail: string; readonly result?: Json }
  | { readonly kind: "unsent"; readonly detail: string }
  | { readonly kind: "ambiguous"; readonly detail: string };
export type Connectors = { readonly call: (call: ConnectorCall) => Promise<ConnectorAnswer> };

/** Room 6's port: one transaction that moves the action, settles effect and budget, and appends to the ledger. */
export type Ledger = {
  readonly finish: (action: FinishedAction) => Promise<void>;
  /** A caller that was held has gone before the end. */
  readonly noteCallerGone: (at: { readonly tenant: string; readonly id: ActionId }) => Promise<void>;
};

export type Deps = {
  readonly clock: Clock;
  readonly control: Control;
  readonly observations: Observations;
  readonly values: Values;
  /** Data classes: what data goes where, and in which form. */
  readonly data: DataShield;
  readonly inputSchemas: InputSchemas;
  readonly expressions: Expressions;
  readonly surroundings: Surroundings;
  readonly policyEngine: PolicyEngine;
  readonly approvals: Approvals;
  readonly issuer: PermitIssuer;
  readonly redeemer: PermitRedeemer;
  readonly connectors: Connectors;
  readonly ledger: Ledger;
  /** `freshness: false` is for comparison only: stale facts are then used as they are. */
  readonly options: { readonly freshness: boolean };
};
