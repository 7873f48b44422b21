/** Approvals: a person's answer. It holds for exactly what the person saw, and for nothing else. */
import { z } from "zod";

import { ComputedValues, FactUsed, Reason, ValueOrigin } from "./action.ts";
import { DataUse } from "./data.ts";
import { EntityView } from "./entity.ts";
import { ActionId, ApprovalId, RecallId } from "./ids.ts";
import { JsonObject } from "./json.ts";

export const ApprovalStatus = z.enum(["pending", "approved", "rejected", "expired", "stale", "consumed"]);
export type ApprovalStatus = z.infer<typeof ApprovalStatus>;

/** Which status may follow which; used by the server and by whatever shows a button. */
export const approvalTransitions: Record<ApprovalStatus, readonly ApprovalStatus[]> = {
  pending: ["approved", "rejected", "expired", "stale"],
  approved: ["consumed", "stale", "expired"],
  rejected: [],
  expired: [],
  stale: [],
  consumed: [],
};

export const SignOff = z.object({
  team: z.string(),
  by: z.string(),
  verdict: z.enum(["approve", "reject"]),
  reason: z.string(),
  at: z.iso.datetime(),
});
export type SignOff = z.infer<typeof SignOff>;

export const Approval = z.object({
  id: ApprovalId,
  /** What waits for it: an action, or a whole recall. */
  action: z.union([ActionId, RecallId]),
  status: ApprovalStatus,
  agent: z.string(),
  tool: z.string(),
  arguments: JsonObject,
  amount: z.object({ minor: z.int(), currency: z.string() }).optional(),
  entity: z.object({ type: z.string(), id: z.string() }).optional(),
  rationale: z.string().optional(),
  /** The teams that must each say yes, by different people. */
  approvers: z.array(z.string()),
  /** People who may not answer, for it is their own. */
  notBy: z.array(z.string()).optional(),
  signOffs: z.array(SignOff),
  reasons: z.array(Reason),
  facts: z.array(FactUsed),
  /** What was computed of arguments and facts for the policies that ask. */
  computed: ComputedValues.optional(),
  /** The classes of data that the arguments carry, and what becomes of them. */
  data: z.array(DataUse).optional(),
  /** What others had done to the same business objects. */
  entities: z.array(EntityView).optional(),
  /** Where each argument came from, where that is traced. */
  provenance: z.array(ValueOrigin).optional(),
  /** Digest of what was shown; the approval is void as soon as a fresh look gives another digest. */
  binding: z.string(),
  requestedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});
export type Approval = z.infer<typeof Approval>;
