/** The ports to recalls: what people ask about them and decide, and the fenced steps of whoever carries one out. */
import type {
  ActionId,
  Approval,
  ApprovalId,
  JsonObject,
  Recall,
  RecallChoice,
  RecallId,
  RecallItemState,
  RecallPlan,
  RecallProgress,
  RecallReceipt,
  RecallStatus,
  RecallTask,
  RecallTaskKind,
  RecallTaskOutcome,
  TaskId,
} from "@airworthy/contract";

/** One action of a plan, with what must be settled before it is taken back. */
export type OpeningItem = {
  readonly action: ActionId;
  readonly needs: readonly ActionId[];
  /** The version of the tool that takes it back, as it was when people were asked. */
  readonly callDigest?: string | undefined;
  readonly restoresBudget?: boolean | undefined;
};
export type RecallOpening = {
  readonly plan: RecallPlan;
  readonly startedBy: string;
  readonly perSecond: number;
  readonly items: readonly OpeningItem[];
  readonly approval: Pick<Approval, "id" | "approvers" | "notBy" | "reasons" | "arguments" | "amount">;
};

/** A decision of a person about a recall or a task of it. */
export type Decided = { readonly by: string; readonly reason: string };

export type RecallRecords = {
  /** Rejects as `conflict` when this plan was started before. */
  readonly open: (tenant: string, opening: RecallOpening) => Promise<Recall>;
  readonly read: (tenant: string, id: RecallId) => Promise<Recall | undefined>;
  readonly list: (
    tenant: string,
    filter: { readonly status: RecallStatus | undefined; readonly limit: number },
  ) => Promise<Recall[]>;
  readonly items: (
    tenant: string,
    id: RecallId,
    filter: { readonly state: RecallItemState | undefined; readonly after: number; readonly limit: number },
  ) => Promise<RecallProgress[]>;
  readonly receipt: (tenant: string, id: RecallId) => Promise<string | undefined>;
  /** Rejects as `conflict` when the transition is not allowed, as `not_found` when there is no such recall. */
  readonly move: (
    tenant: string,
    id: RecallId,
    to: { readonly status: "running" | "cancelled" } & Decided,
  ) => Promise<Recall>;
  readonly tasks: (
    tenant: string,
    filter: {
      readonly recall: RecallId | undefined;
      readonly owner: string | undefined;
      readonly open: boolean;
      readonly limit: number;
    },
  ) => Promise<RecallTask[]>;
  readonly resolve: (
    tenant: string,
    id: TaskId,
    as: { readonly outcome: RecallTaskOutcome } & Decided,
  ) => Promise<RecallTask>;
};

/** A recall that one node carries out, under an epoch that each write checks. */
export type RecallClaim = {
  readonly tenant: string;
  readonly id: RecallId;
  readonly epoch: number;
  readonly status: RecallStatus;
  readonly startedBy: string;
  readonly approval: ApprovalId;
  readonly teams: readonly string[];
  readonly perSecond: number;
};

/** One action whose turn it is, or that is under way. */
export type RecallStep = {
  readonly action: ActionId;
  readonly agent: string;
  readonly tool: string;
  readonly entity: { readonly type: string; readonly id: string } | undefined;
  readonly choice: RecallChoice;
  readonly state: RecallItemState;
  readonly via: ActionId | undefined;
  readonly call: { readonly tool: string; readonly digest: string; readonly arguments: JsonObject } | undefined;
  readonly restoresBudget: boolean;
  /** Why there is no call, where one was wanted. */
  readonly missing: string | undefined;
};

/** What became of a step. `task`: what is given to a person with it. */
export type StepEnd = {
  readonly action: ActionId;
  readonly state: RecallItemState;
  readonly via?: ActionId | undefined;
  readonly detail?: string | undefined;
  readonly task?: { readonly kind: RecallTaskKind; readonly owner: string } | undefined;
  /** Somebody else took it back: no attempt of this recall did. */
  readonly elsewhere?: boolean;
};

/** What has taken an action back already, or may have. `handledIn`: a person did, for another recall. */
export type TakenBack = { readonly how: "done" | "doubtful"; readonly by: ActionId } | { readonly handledIn: RecallId };

/** Every method but `claim` rejects as `conflict` once another node has taken the recall over. */
export type RecallWork = {
  /** Recalls that nobody carries out: answered, running, or cancelled and still to be accounted for. */
  readonly claim: (limit: number) => Promise<RecallClaim[]>;
  readonly renew: (claim: RecallClaim) => Promise<void>;
  /** Gives it up; nobody looks at it again for so long. */
  readonly release: (claim: RecallClaim, restMs: number) => Promise<void>;
  readonly plan: (claim: RecallClaim) => Promise<RecallPlan>;
  /** The approval has been answered: it begins, or it ends. */
  readonly answer: (
    claim: RecallClaim,
    to: {
      readonly status: "running" | "rejected" | "expired" | "stale";
      readonly teams: readonly string[];
      readonly reason?: string;
    },
  ) => Promise<void>;
  readonly pause: (claim: RecallClaim, reason: string) => Promise<void>;
  /** The pending action whose turn it is. Undefined when there is none, while one is acting, or the recall is not running. */
  readonly next: (claim: RecallClaim) => Promise<RecallStep | undefined>;
  /** Settles what is to be left as it is and whose turn it is, many at once. */
  readonly passOver: (claim: RecallClaim) => Promise<void>;
  /** What is under way: acting, waiting for an approval, or unknown. */
  readonly underWay: (claim: RecallClaim) => Promise<RecallStep[]>;
  /** Whether this action was taken back already: by an agent with the very call, by another recall, by a person. */
  readonly takenBackBy: (claim: RecallClaim, step: RecallStep) => Promise<TakenBack | undefined>;
  /** Intent before effect: from here on this action takes it back, and no other. False when the recall runs no more. */
  readonly begin: (claim: RecallClaim, step: RecallStep, via: ActionId) => Promise<boolean>;
  readonly conclude: (claim: RecallClaim, end: StepEnd) => Promise<void>;
  /** Of a cancelled recall: what was not begun is said to be so. */
  readonly giveUpRest: (claim: RecallClaim) => Promise<void>;
  /** Everything is settled: what became of it, or undefined when something is not. */
  readonly account: (claim: RecallClaim) => Promise<RecallReceipt | undefined>;
  readonly end: (claim: RecallClaim, receipt: { readonly note: string; readonly endedAt: string }) => Promise<void>;
};
