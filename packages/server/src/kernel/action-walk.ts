/** The action as it walks: each room adds one field and hands it on, so a skipped room does not compile. */
import type {
  ActionId,
  AgentDocument,
  ApprovalId,
  DataUse,
  Decision,
  FactUsed,
  GovernedTool,
  HeldBack,
  Json,
  JsonObject,
  LineageEdge,
  ObservationId,
  OnBehalfOf,
  Reason,
  RecallLeave,
  Scope,
  Snapshot,
  Stop,
  Trust,
  ValueOrigin,
} from "@airworthy/contract";

import type { WrittenFact } from "./lineage/lineage-entry.ts";
import type { SeenEntity } from "./entities/telling.ts";
import type { Claim } from "./overtakes.ts";
import type { PolicyRequest } from "./policy/engine.ts";

/** Who calls, proven by a key or by access to the data folder. `scopes` is what the caller may do. */
export type Principal = {
  readonly tenant: string;
  readonly kind: "agent" | "person" | "local";
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** The person on whose behalf an agent acts, as a verified claim says. */
  readonly onBehalfOf?: OnBehalfOf | undefined;
};

/** This node's view of the control plane. Past `validUntilMonoMs` it is too old to act on. */
export type ControlView = {
  readonly snapshot: Snapshot;
  readonly epoch: number;
  readonly stops: readonly Stop[];
  /** Watched source contracts with a severe finding that nobody has answered. */
  readonly notReady: readonly string[];
  readonly validUntilMonoMs: number;
};

/** Where a door takes what an upstream says before its final answer. `signal` aborts when the caller has gone. */
export type Sink = {
  readonly notify: (method: string, params: JsonObject) => void;
  readonly signal: AbortSignal;
};

/** One value that a source reported, with everything needed to say how old and whose it is. Times in epoch ms. */
export type Observation = {
  readonly id: ObservationId;
  readonly fact: string;
  readonly key: string;
  readonly value: Json;
  readonly valueDigest: string;
  readonly source: string;
  readonly sourceVersion?: string;
  /** Undefined when the source did not say, or said what cannot be: such a value is never fresh. */
  readonly asOf: number | undefined;
  readonly fetchedAt: number;
  readonly principal: string;
  readonly run?: string | undefined;
  readonly readBy?: ActionId;
  /** The delivery, and the SHA-256 of the document, that brought it. */
  readonly batch?: string;
  readonly document?: string;
};
/** An observation as it is made: with what lineage keeps of it. */
export type NewObservation = Observation & {
  /** Keyed digest of fact and key: under this lineage finds it. */
  readonly cited: string;
  /** Where in the answer the value stands, and the record around it. */
  readonly path?: string;
  readonly item?: string;
};

/** What one answer told the agent, as the value index keeps it: digests of its values, its texts sealed. */
export type SealedReading = {
  readonly id: ObservationId;
  readonly principal: string;
  readonly tool: string;
  readonly readBy: ActionId;
  readonly overflow: boolean;
  /** Whether there are texts or numbers in what is sealed. */
  readonly searchable: boolean;
  readonly sealed: Buffer;
  readonly values: readonly {
    readonly digest: Buffer;
    readonly exact: Buffer;
    readonly path: string;
    readonly sort: string;
    readonly inList: boolean;
    readonly trust: Trust;
  }[];
};

export type Entity = { readonly type: string; readonly id: string };
export type Amount = { readonly minor: number; readonly currency: string };

/** `walk` is the epoch of the claim under which this node walks the action; every write checks it. Times in epoch ms. */
export type ProposedAction = {
  readonly id: ActionId;
  readonly tenant: string;
  readonly agent: string;
  readonly tool: string;
  readonly arguments: JsonObject;
  readonly argumentsDigest: string;
  /** Digest of agent, tool, arguments and protocol state: what makes two calls the same call. */
  readonly callDigest: string;
  readonly idempotencyKey: string | undefined;
  readonly run: string | undefined;
  readonly confidence: number | undefined;
  readonly rationale: string | undefined;
  /** Protocol extras of an MCP caller that its upstream needs verbatim. */
  readonly protocol: JsonObject | undefined;
  /** Verified when the action was proposed. */
  readonly onBehalfOf: OnBehalfOf | undefined;
  readonly proposedAt: number;
  readonly walk: number;
  /** Of the principal `recall` alone. */
  readonly recall?: RecallLeave | undefined;
  readonly view: ControlView;
  readonly sink?: Sink | undefined;
};

export type PushableFact = Claim & { readonly fact: string; readonly key: string };

/** Room 1's field. `problems` are reasons to refuse that need no policy; a tool is absent when the agent has none such. */
export type Context = {
  readonly agent: AgentDocument | undefined;
  readonly tool: GovernedTool | undefined;
  readonly entity: Entity | undefined;
  /** Further business objects that the call touches. */
  readonly touches: readonly Entity[];
  /** A write's business objects in order of their keys, as they were before the facts were looked at. */
  readonly entities: readonly SeenEntity[];
  readonly amount: Amount | undefined;
  readonly input: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** What the tool's expressions make of arguments and facts, for policies. */
  readonly computed: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  readonly facts: readonly FactUsed[];
  /** Keyed digests `fact:key` of what is cited, for recall. */
  readonly cited: readonly string[];
  /** Value digests of the facts, in the order of `facts`. */
  readonly factDigests: readonly string[];
  /** By database time, epoch ms: past this moment a fact is too old and the permit cannot be redeemed. */
  readonly factsFreshUntil: number | undefined;
  /** The facts of which something newer may be pushed at any moment, as they were judged: redemption looks once more. */
  readonly pushable: readonly PushableFact[];
  readonly lineage: readonly LineageEdge[];
  /** The arguments as the tool is sent them: tokens turned into values, data masked, as the rules say. */
  readonly sent: JsonObject;
  /** The classes of data that the arguments carry, and what was done with them. */
  readonly data: readonly DataUse[];
  /** Where each argument came from; empty where nothing is traced. */
  readonly provenance: readonly ValueOrigin[];
  readonly problems: readonly Reason[];
};
export type GroundedAction = ProposedAction & { readonly context: Context };

/** A budget that this action draws on: `windowMinor` was used before it, `limitMinor` is the most. */
export type BudgetUse = {
  readonly name: string;
  readonly window: string;
  readonly usedMinor: number;
  readonly limitMinor: number;
  readonly currency: string;
};
export type Step = {
  readonly repeats: number;
  readonly budgets: readonly BudgetUse[];
  /** Whether the recall that this belongs to is being carried out; absent on what belongs to none. */
  readonly recallRuns?: boolean;
};
export type PlannedAction = GroundedAction & { readonly step: Step };

export type PolicyRef = { readonly id: string; readonly digest: string };
export type Judgement = {
  /** What a person's yes is bound to: see `3-checkpoint/binding.ts`. */
  readonly binding: string;
  readonly determining: readonly PolicyRef[];
  readonly obligations: { readonly rationale?: "required"; readonly mask?: readonly string[] };
  /** The determining policies read of a business object on which another action's effect is under way. */
  readonly premature: boolean;
  readonly ttlMs: number;
  readonly shadow: readonly { readonly policyId: string; readonly effect: string }[];
  /** What the policies were asked, kept so that a new policy can be tried on the recorded past. */
  readonly request: PolicyRequest | undefined;
};
export type JudgedAction = PlannedAction & { readonly decision: Decision; readonly judgement: Judgement };

/** Leave to do one thing once: it names the digest of what was judged. */
export type Permit = { readonly id: string; readonly binding: string; readonly approval?: ApprovalId };
export type PermittedAction = JudgedAction & { readonly permit: Permit };

/** Why a permit could not be redeemed. Each means: walk again and look afresh. */
export type Conflict = "control" | "entity" | "facts" | "approval" | "budget" | "claim";

/** What was done with the data of an answer before the agent hears it. */
type Handled = {
  readonly data?: readonly DataUse[];
  /** Rows outside the limits of the person on whose behalf it was read. */
  readonly leftOut?: number;
};

/** What came of it. `conflict` never leaves the data plane: the action walks again. */
export type Outcome =
  | ({
      readonly status: "done";
      readonly result: Json;
      readonly observations: readonly NewObservation[];
      /** The facts that the effect left changed, as its tool declares. */
      readonly written?: readonly WrittenFact[];
      /** Records that the source's contract took out of the result. */
      readonly heldBack?: HeldBack;
    } & Handled)
  | ({
      readonly status: "failed";
      readonly code: string;
      readonly message: string;
      readonly retryable: boolean;
      readonly result?: Json;
    } & Handled)
  /** `written`: what it will have changed if it happened. */
  | { readonly status: "unknown"; readonly message: string; readonly written?: readonly WrittenFact[] }
  | { readonly status: "refused" }
  | { readonly status: "shadowed" }
  /**
   * `ask`: a new approval to be asked for; absent when the one already asked for still stands. `againInMs`: its sources did
   * not answer, and it walks again by itself after this time at the earliest.
   */
  | {
      readonly status: "waiting";
      readonly approval: ApprovalId;
      readonly ask?: { readonly expiresInMs: number };
      readonly againInMs?: number;
    }
  | { readonly status: "conflict"; readonly conflict: Conflict };

export type AnsweredAction = PermittedAction | (JudgedAction & { readonly outcome: Outcome });
export type FinishedAction = JudgedAction & {
  readonly permit?: Permit;
  readonly outcome: Outcome;
  /** What its answer tells the agent: kept before the agent is told. */
  readonly reading?: SealedReading | undefined;
};
