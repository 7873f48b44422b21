/** Recalls that are carried out: where each stands, what became of its actions, what waits for people, and the receipt. */
import { z } from "zod";

import { ActionId, ApprovalId, RecallId, TaskId } from "./ids.ts";
import { LedgerPosition } from "./ledger.ts";
import { RecallChoice, RecallGroup, RecallGroupSum, RecallSelector } from "./recall.ts";

/**
 * Where a recall stands. `waiting`: for its approval. `paused`: by a stop or a failure, until a person resumes it. `stale`:
 * what it was made of had changed by the time of the yes.
 */
export const RecallStatus = z.enum([
  "waiting",
  "running",
  "paused",
  "done",
  "cancelled",
  "rejected",
  "expired",
  "stale",
]);
export type RecallStatus = z.infer<typeof RecallStatus>;

/** Which status may follow which; statuses without a successor are final. */
export const recallTransitions: Record<RecallStatus, readonly RecallStatus[]> = {
  waiting: ["running", "cancelled", "rejected", "expired", "stale"],
  running: ["paused", "done", "cancelled"],
  paused: ["running", "cancelled"],
  done: [],
  cancelled: [],
  rejected: [],
  expired: [],
  stale: [],
};

/**
 * What has become of one action of a recall. `acting`: what takes it back is under way. `waiting`: for an approval that a
 * policy asks for. `unknown`: it may or may not have been taken back. `failed`, `manual`: a task is open. The rest is
 * settled: taken back, whoever was told told again, done by a person, left as it is, or never begun.
 */
export const RecallItemState = z.enum([
  "pending",
  "acting",
  "waiting",
  "unknown",
  "failed",
  "manual",
  "compensated",
  "corrected",
  "handled",
  "left",
  "not_begun",
]);
export type RecallItemState = z.infer<typeof RecallItemState>;

/** Which state may follow which. */
export const recallItemTransitions: Record<RecallItemState, readonly RecallItemState[]> = {
  pending: ["acting", "failed", "manual", "compensated", "left", "not_begun"],
  acting: ["pending", "waiting", "unknown", "failed", "compensated", "corrected", "not_begun"],
  waiting: ["pending", "unknown", "failed", "compensated", "corrected", "not_begun"],
  unknown: ["failed", "compensated", "corrected", "handled", "left"],
  failed: ["pending", "handled", "left", "not_begun"],
  manual: ["handled", "left", "not_begun"],
  compensated: [],
  corrected: [],
  handled: [],
  left: [],
  not_begun: [],
};
export const isSettled = (state: RecallItemState): boolean => recallItemTransitions[state].length === 0;

const entity = z.object({ type: z.string(), id: z.string() });
const amount = z.object({ minor: z.int(), currency: z.string() });

/** One action of a recall under way. */
export const RecallProgress = z.object({
  action: ActionId,
  agent: z.string(),
  tool: z.string(),
  entity: entity.optional(),
  amount: amount.optional(),
  group: RecallGroup,
  choice: RecallChoice,
  /** Its place when everything is undone, from 0. */
  order: z.int(),
  state: RecallItemState,
  /** The action that takes it back, or that tells otherwise. */
  via: ActionId.optional(),
  /** Why it stands as it does, where there is something to say. */
  detail: z.string().optional(),
});
export type RecallProgress = z.infer<typeof RecallProgress>;

/** A recall as people see it. */
export const Recall = z.object({
  id: RecallId,
  status: RecallStatus,
  /** Why it is paused, cancelled, rejected or stale. */
  reason: z.string().optional(),
  selector: RecallSelector,
  planDigest: z.string(),
  madeBy: z.string(),
  startedBy: z.string(),
  startedAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
  approval: ApprovalId,
  groups: z.record(RecallGroup, RecallGroupSum),
  total: z.int(),
  /** How many actions stand where; states with none are left out. */
  counts: z.partialRecord(RecallItemState, z.int()),
  openTasks: z.int(),
  perSecond: z.number(),
  /** Whether it has ended and its receipt can be read. */
  receipt: z.boolean(),
});
export type Recall = z.infer<typeof Recall>;

/** `compensation`: it failed. `unknown`: nobody knows whether it was done. `manual`, `notice`: a person was chosen, or no tool can. */
export const RecallTaskKind = z.enum(["compensation", "unknown", "manual", "notice"]);
export type RecallTaskKind = z.infer<typeof RecallTaskKind>;

/** `handled`: a person has done it. `leave`: it stays as it is. `retry`: it is tried once more. */
export const RecallTaskOutcome = z.enum(["handled", "leave", "retry"]);
export type RecallTaskOutcome = z.infer<typeof RecallTaskOutcome>;

/** One thing of a recall that a person has to see to. */
export const RecallTask = z.object({
  id: TaskId,
  recall: RecallId,
  action: ActionId,
  kind: RecallTaskKind,
  agent: z.string(),
  tool: z.string(),
  entity: entity.optional(),
  amount: amount.optional(),
  /** Who answers for it: the agent's owner, or whoever started the recall. */
  owner: z.string(),
  detail: z.string(),
  openedAt: z.iso.datetime(),
  resolution: z
    .object({ outcome: RecallTaskOutcome, by: z.string(), reason: z.string(), at: z.iso.datetime() })
    .optional(),
});
export type RecallTask = z.infer<typeof RecallTask>;

/** What became of everything in a recall, for the record and for outsiders. */
export const RecallReceipt = z.object({
  schema: z.literal("airworthy.receipt/1"),
  tenant: z.string(),
  recall: RecallId,
  status: z.enum(["done", "cancelled"]),
  reason: z.string().optional(),
  selector: RecallSelector,
  planDigest: z.string(),
  madeBy: z.string(),
  startedBy: z.string(),
  approvedBy: z.array(z.object({ by: z.string(), team: z.string(), at: z.iso.datetime() })),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  counts: z.partialRecord(RecallItemState, z.int()),
  items: z.array(
    RecallProgress.extend({
      /** Who settled it by hand, and their words. */
      by: z.string().optional(),
      /** Where the ledger has the end of what took it back. */
      ledger: z.array(LedgerPosition).optional(),
    }),
  ),
});
export type RecallReceipt = z.infer<typeof RecallReceipt>;
