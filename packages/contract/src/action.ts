/** The action: something an agent proposes to do in the world, and what became of it. */
import { z } from "zod";

import { DataUse, OnBehalfOf } from "./data.ts";
import { EntityEffect, EntityView } from "./entity.ts";
import { ActionId, ApprovalId, ObservationId, RecallId } from "./ids.ts";
import { Json, JsonObject } from "./json.ts";
import { nameText, proseText } from "./text.ts";

/** Where an action stands. `waiting`: for a person. `unknown`: an interrupted effect whose end nobody has established. */
export const ActionStatus = z.enum([
  "running",
  "waiting",
  "queued",
  "done",
  "refused",
  "failed",
  "shadowed",
  "unknown",
]);
export type ActionStatus = z.infer<typeof ActionStatus>;

/** Which status may follow which; statuses without a successor are final. */
export const actionTransitions: Record<ActionStatus, readonly ActionStatus[]> = {
  running: ["running", "waiting", "queued", "done", "refused", "failed", "shadowed", "unknown"],
  waiting: ["running", "refused"],
  queued: ["running", "refused", "failed"],
  unknown: ["done", "failed"],
  done: [],
  refused: [],
  failed: [],
  shadowed: [],
};
export const isFinal = (status: ActionStatus): boolean => actionTransitions[status].length === 0;

export const Effect = z.enum(["allow", "deny", "escalate"]);
export type Effect = z.infer<typeof Effect>;

/** Why the decision is what it is. `code` is stable and for machines; `detail` is one sentence for people. */
export const Reason = z.object({
  code: z.string(),
  effect: Effect,
  detail: z.string(),
  /** It may pass by itself, as where a source did not answer in time. */
  retryable: z.boolean().optional(),
  policy: z.object({ id: z.string(), title: z.string().optional(), file: z.string(), line: z.int() }).optional(),
  fact: z
    .object({
      name: z.string(),
      key: z.string(),
      was: Json.optional(),
      now: Json.optional(),
      ageMs: z.number().optional(),
      maxAgeMs: z.number().optional(),
    })
    .optional(),
  /** What others did to the same business objects, where the rule rests on that. */
  effects: z.array(EntityEffect.extend({ entity: z.string() })).optional(),
});
export type Reason = z.infer<typeof Reason>;

export const Decision = z.object({
  effect: Effect,
  reasons: z.array(Reason),
  /** The teams whose yes is needed; empty unless `effect` is `escalate` or the action was approved. */
  approvers: z.array(z.string()),
  snapshot: z.object({ version: z.int(), digest: z.string() }),
});
export type Decision = z.infer<typeof Decision>;

/** One fact an action rests on, as it was when the action was judged. Ages are by database time, in milliseconds. */
export const FactUsed = z.object({
  fact: z.string(),
  key: z.string(),
  value: Json,
  observation: ObservationId,
  source: z.string(),
  sourceVersion: z.string().optional(),
  /** The delivery, and the SHA-256 of the document, that brought it, where the source says so. */
  batch: z.string().optional(),
  document: z.string().optional(),
  asOf: z.iso.datetime(),
  fetchedAt: z.iso.datetime(),
  ageMs: z.number(),
  maxAgeMs: z.number(),
  /** `agent`: the agent's own read was fresh. `lookup`: read by us because the agent never read it. `reread`: the agent's read was stale. */
  how: z.enum(["agent", "lookup", "reread"]),
  /** The read action that brought it, and what the agent had believed, where that exists. */
  readBy: ActionId.optional(),
  believed: z
    .object({ value: Json, asOf: z.iso.datetime(), observation: ObservationId, source: z.string() })
    .optional(),
});
export type FactUsed = z.infer<typeof FactUsed>;

/** An argument that equals a value this agent read before: the value's way from the system of record to the effect. */
export const LineageEdge = z.object({
  argument: z.string(),
  fact: z.string(),
  key: z.string(),
  observation: ObservationId,
  source: z.string(),
  asOf: z.iso.datetime(),
  readBy: ActionId.optional(),
  match: z.literal("exact"),
});
export type LineageEdge = z.infer<typeof LineageEdge>;

/** Where the value of an argument came from. `derived`: made of known values; `nowhere`: of nothing that is known. */
export const ValueClass = z.enum(["prompt", "trusted_tool", "untrusted_tool", "derived", "nowhere"]);
export type ValueClass = z.infer<typeof ValueClass>;

/**
 * How a value was found. `substring`: inside a text; `member`: in a list; `computed`: by arithmetic over known numbers;
 * `overflow`: not found, but more was read than could be searched, so an outsider may have written it.
 */
export const ValueMatch = z.enum(["exact", "normalised", "member", "substring", "computed", "overflow"]);
export type ValueMatch = z.infer<typeof ValueMatch>;

/** The class of one argument, or of a link, address or account number inside its text, with the read that brought it. */
export const ValueOrigin = z.object({
  argument: z.string(),
  /** What of the argument this is about, where that is not the whole of it. */
  reference: z.string().optional(),
  /** The name under which the tool declares the argument as sensitive. */
  sensitive: z.string().optional(),
  from: ValueClass,
  match: ValueMatch.optional(),
  /** Who can write what the source holds, as the configuration says. */
  trust: z.enum(["trusted", "internal", "untrusted"]).optional(),
  observation: z
    .object({
      id: ObservationId,
      tool: z.string(),
      readBy: ActionId,
      path: z.string(),
      at: z.iso.datetime(),
    })
    .optional(),
});
export type ValueOrigin = z.infer<typeof ValueOrigin>;

/** What a tool's expressions made of arguments and facts, by name: policies judged by it. */
export const ComputedValues = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]));
export type ComputedValues = z.infer<typeof ComputedValues>;

/** What an agent sends. Confidence and rationale are its own claims: recorded, never trusted as such. */
export const Proposal = z.strictObject({
  tool: nameText(128).meta({ description: "The tool, as the configuration names it." }),
  arguments: JsonObject,
  confidence: z.number().min(0).max(1).optional(),
  rationale: proseText(2000).optional(),
  run: nameText(128).optional(),
  task: proseText(16_000).optional().meta({
    description:
      "What the person asked for, in their words, stated by whoever runs the agent. The first statement of a run counts.",
  }),
  idempotencyKey: nameText(256).optional(),
  waitMs: z
    .int()
    .min(0)
    .max(45_000)
    .optional()
    .meta({ description: "How long to hold the answer for a person's decision, in milliseconds. Default 0." }),
});
export type Proposal = z.infer<typeof Proposal>;

/** Records that an answer did not show, because they are not what the source's contract says. */
export const HeldBack = z.object({
  contract: z.string(),
  records: z.int(),
  /** Some of them, with values shortened. */
  faults: z.array(z.object({ record: z.int(), field: z.string(), expected: z.string(), found: z.string() })),
});
export type HeldBack = z.infer<typeof HeldBack>;

/** What the proposer hears. `result` when done; `error` when failed or unknown; `approval` while waiting. */
export const ActionAnswer = z.object({
  id: ActionId,
  status: ActionStatus,
  decision: Decision.optional(),
  result: Json.optional(),
  error: z.object({ code: z.string(), message: z.string(), retryable: z.boolean() }).optional(),
  approval: ApprovalId.optional(),
  /** Records of the result that were taken out and quarantined. */
  heldBack: HeldBack.optional(),
  /** What was done with personal and other classed data of the arguments and the result. Never a value. */
  data: z.array(DataUse).optional(),
  /** How many rows were left out, because they lie outside the limits of the person on whose behalf it was read. */
  leftOut: z.int().optional(),
});
export type ActionAnswer = z.infer<typeof ActionAnswer>;

/** Why the principal `recall` acts: the recall it acts for, the action that it takes back, and the teams that signed for that. */
export const RecallLeave = z.object({
  recall: RecallId,
  recalls: ActionId,
  part: z.enum(["compensate", "notify"]),
  teams: z.array(z.string()),
  /** Whether the budgets that it used are given back once it is taken back. */
  restoresBudget: z.boolean().optional(),
  /** The business objects of the action that is taken back. */
  entities: z.array(z.object({ type: z.string(), id: z.string() })),
});
export type RecallLeave = z.infer<typeof RecallLeave>;

/** The whole record of one action, as people who operate the system see it. */
export const ActionRecord = ActionAnswer.extend({
  agent: z.string(),
  tool: z.string(),
  arguments: JsonObject,
  argumentsDigest: z.string(),
  run: z.string().optional(),
  onBehalfOf: OnBehalfOf.optional(),
  confidence: z.number().optional(),
  rationale: z.string().optional(),
  entity: z.object({ type: z.string(), id: z.string() }).optional(),
  amount: z.object({ minor: z.int(), currency: z.string() }).optional(),
  facts: z.array(FactUsed),
  /** Absent where the tool computes nothing, and where a fact was missing. */
  computed: ComputedValues.optional(),
  lineage: z.array(LineageEdge),
  /** Where each argument of a write came from; absent on reads without sensitive arguments and on older records. */
  provenance: z.array(ValueOrigin).optional(),
  /** On what takes another action back. */
  recall: RecallLeave.optional(),
  /** Further business objects that a write touches. */
  touches: z.array(z.object({ type: z.string(), id: z.string() })).optional(),
  /** The business objects of a write as they were when it was judged, with what others had done to them. */
  entities: z.array(EntityView).optional(),
  walks: z.int(),
  proposedAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type ActionRecord = z.infer<typeof ActionRecord>;
