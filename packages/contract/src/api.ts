/** The HTTP interface as one table. Server routes, SDK, CLI and openapi.json are derived from it. */
import { z } from "zod";

import { ActionAnswer, ActionRecord, ActionStatus, Proposal } from "./action.ts";
import { Approval, ApprovalStatus } from "./approval.ts";
import { dataRoutes } from "./api-data.ts";
import { readinessRoutes } from "./api-readiness.ts";
import { AgentDocument } from "./config.ts";
import { EntityKey, EntityNote, EntityRecord } from "./entity.ts";
import { Explanation } from "./explanation.ts";
import { ActionId, ApprovalId, KeyId, QuarantineId, RecallId, StopId, TaskId } from "./ids.ts";
import { Json, JsonObject } from "./json.ts";
import { LedgerVerification } from "./ledger.ts";
import { ConfigFile, Plan } from "./plan.ts";
import { RecallChoices, RecallPlan, RecallSelector } from "./recall.ts";
import {
  Recall,
  RecallItemState,
  RecallProgress,
  RecallReceipt,
  RecallStatus,
  RecallTask,
  RecallTaskOutcome,
} from "./recall-run.ts";
import { Quarantined, QuarantinedDetail, QuarantineState, SourceDetail, SourceState } from "./source.ts";
import { NewStop, Stop, StopMode, StopScope } from "./stop.ts";
import { nameText, proseText } from "./text.ts";

/** Who may call an operation. `agent` is an agent's key; the rest are roles of people. `public` needs no key. */
export const Scope = z.enum(["public", "agent", "viewer", "approver", "operator", "privacy", "admin"]);
export type Scope = z.infer<typeof Scope>;

export type Route = {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: `/v1/${string}`;
  readonly summary: string;
  /** Any one of these is enough. Administrators may call everything but what only agents do. */
  readonly scopes: readonly Scope[];
  /** Path parameters, query (GET, DELETE) or body (POST), in one object. */
  readonly input: z.ZodObject;
  readonly output: z.ZodType;
};

const reason = proseText(2000).min(1);
const limit = z.coerce.number().int().min(1).max(500).optional();
const readers = ["viewer", "approver", "operator", "admin"] as const;

export const api = {
  proposeAction: {
    method: "POST",
    path: "/v1/actions",
    summary: "Propose an action: it is judged, carried out if allowed, and its outcome answered.",
    scopes: ["agent"],
    input: Proposal,
    output: ActionAnswer,
  },
  listActions: {
    method: "GET",
    path: "/v1/actions",
    summary: "List actions, newest first. An agent sees its own.",
    scopes: ["agent", ...readers],
    input: z.strictObject({
      agent: nameText(128).optional(),
      tool: nameText(128).optional(),
      status: ActionStatus.optional(),
      entity: nameText(640).optional(),
      before: ActionId.optional(),
      limit,
    }),
    output: z.object({ actions: z.array(ActionRecord), next: ActionId.optional() }),
  },
  readAction: {
    method: "GET",
    path: "/v1/actions/{id}",
    summary: "One action as its proposer or an operator sees it.",
    scopes: ["agent", ...readers],
    input: z.strictObject({ id: ActionId }),
    output: ActionRecord,
  },
  explainAction: {
    method: "GET",
    path: "/v1/actions/{id}/explanation",
    summary: "Why it was decided so: inputs with ages, rules with places, approval, effect, ledger proof.",
    scopes: readers,
    input: z.strictObject({ id: ActionId }),
    output: Explanation,
  },
  resolveAction: {
    method: "POST",
    path: "/v1/actions/{id}/resolution",
    summary: "Say what became of an interrupted effect whose end is unknown.",
    scopes: ["operator", "admin"],
    input: z.strictObject({
      id: ActionId,
      happened: z.boolean(),
      reason,
      result: Json.optional(),
    }),
    output: ActionRecord,
  },
  listApprovals: {
    method: "GET",
    path: "/v1/approvals",
    summary: "List approvals, oldest waiting first.",
    scopes: readers,
    input: z.strictObject({ status: ApprovalStatus.optional(), team: nameText(128).optional(), limit }),
    output: z.object({ approvals: z.array(Approval) }),
  },
  decideApproval: {
    method: "POST",
    path: "/v1/approvals/{id}/decision",
    summary: "Say yes or no. Yes carries the action out, after it has been looked at afresh.",
    scopes: ["approver", "admin"],
    input: z.strictObject({
      id: ApprovalId,
      verdict: z.enum(["approve", "reject"]),
      reason,
    }),
    output: Approval,
  },
  planRecall: {
    method: "POST",
    path: "/v1/recall-plans",
    summary: "Show what relied on something, and plan what becomes of it. Changes nothing.",
    scopes: ["operator", "admin"],
    input: z.strictObject({
      selector: RecallSelector,
      choices: RecallChoices.optional(),
      expiresInMs: z
        .int()
        .min(60_000)
        .max(7 * 24 * 3_600_000)
        .optional()
        .meta({ description: "How long the plan may be started, in milliseconds. Default 24 hours." }),
    }),
    output: RecallPlan,
  },
  startRecall: {
    method: "POST",
    path: "/v1/recalls",
    summary: "Ask for the approval of a recall plan; with it, what the plan says is carried out.",
    scopes: ["operator", "admin"],
    input: z.strictObject({ plan: RecallPlan }),
    output: Recall,
  },
  listRecalls: {
    method: "GET",
    path: "/v1/recalls",
    summary: "List recalls, newest first.",
    scopes: readers,
    input: z.strictObject({ status: RecallStatus.optional(), limit }),
    output: z.object({ recalls: z.array(Recall) }),
  },
  readRecall: {
    method: "GET",
    path: "/v1/recalls/{id}",
    summary: "One recall: where it stands and how far it has come.",
    scopes: readers,
    input: z.strictObject({ id: RecallId }),
    output: Recall,
  },
  listRecallItems: {
    method: "GET",
    path: "/v1/recalls/{id}/items",
    summary: "The actions of a recall in the order in which they are taken back.",
    scopes: readers,
    input: z.strictObject({
      id: RecallId,
      state: RecallItemState.optional(),
      after: z.coerce.number().int().min(-1).optional().meta({ description: "Only those of a higher order." }),
      limit,
    }),
    output: z.object({ items: z.array(RecallProgress), next: z.int().optional() }),
  },
  resumeRecall: {
    method: "POST",
    path: "/v1/recalls/{id}/resumption",
    summary: "Go on with a paused recall.",
    scopes: ["operator", "admin"],
    input: z.strictObject({ id: RecallId, reason }),
    output: Recall,
  },
  cancelRecall: {
    method: "POST",
    path: "/v1/recalls/{id}/cancellation",
    summary: "Begin nothing more of a recall. What was taken back stays so.",
    scopes: ["operator", "admin"],
    input: z.strictObject({ id: RecallId, reason }),
    output: Recall,
  },
  listRecallTasks: {
    method: "GET",
    path: "/v1/recall-tasks",
    summary: "What recalls leave to people, oldest first.",
    scopes: readers,
    input: z.strictObject({
      recall: RecallId.optional(),
      owner: nameText(128).optional(),
      open: z.enum(["true", "false"]).optional().meta({ description: "Default true: only what waits." }),
      limit,
    }),
    output: z.object({ tasks: z.array(RecallTask) }),
  },
  resolveRecallTask: {
    method: "POST",
    path: "/v1/recall-tasks/{id}/resolution",
    summary: "Say what became of a task of a recall, or have it tried once more.",
    scopes: ["operator", "admin"],
    input: z.strictObject({ id: TaskId, outcome: RecallTaskOutcome, reason }),
    output: RecallTask,
  },
  readRecallReceipt: {
    method: "GET",
    path: "/v1/recalls/{id}/receipt",
    summary: "The receipt of a recall that has ended, signed with the ledger's key.",
    scopes: readers,
    input: z.strictObject({ id: RecallId }),
    output: z.object({ receipt: RecallReceipt, note: z.string() }),
  },
  createStop: {
    method: "POST",
    path: "/v1/stops",
    summary: "Stop an agent, a tool, a business object or everything, from the next decision on.",
    scopes: ["operator", "admin"],
    input: z.strictObject({ scope: StopScope, mode: StopMode.optional(), reason }),
    output: NewStop,
  },
  listStops: {
    method: "GET",
    path: "/v1/stops",
    summary: "The stops in force; with all=true also the lifted ones.",
    scopes: readers,
    input: z.strictObject({ all: z.enum(["true", "false"]).optional() }),
    output: z.object({ stops: z.array(Stop) }),
  },
  liftStop: {
    method: "DELETE",
    path: "/v1/stops/{id}",
    summary: "Lift a stop.",
    scopes: ["operator", "admin"],
    input: z.strictObject({ id: StopId, reason: reason.optional() }),
    output: Stop,
  },
  readEntity: {
    method: "GET",
    path: "/v1/entities/{entity}",
    summary: "One business object: what agents and people did to it, its holds, conflicts and net.",
    scopes: readers,
    input: z.strictObject({ entity: EntityKey, before: z.coerce.number().int().optional(), limit }),
    output: EntityRecord,
  },
  noteEntity: {
    method: "POST",
    path: "/v1/entities/{entity}/effects",
    summary: "Put on record what a person did to a business object outside, or place or release a hold.",
    scopes: ["operator", "admin"],
    input: EntityNote,
    output: EntityRecord,
  },
  listAgents: {
    method: "GET",
    path: "/v1/agents",
    summary: "The agents of the live snapshot, with their keys' ids.",
    scopes: readers,
    input: z.strictObject({}),
    output: z.object({
      agents: z.array(
        AgentDocument.extend({
          keys: z.array(z.object({ id: KeyId, createdAt: z.iso.datetime(), expiresAt: z.iso.datetime().optional() })),
        }),
      ),
    }),
  },
  createKey: {
    method: "POST",
    path: "/v1/keys",
    summary: "Make an API key for an agent or a person. It is shown once and stored hashed.",
    scopes: ["admin"],
    input: z.strictObject({
      for: z.discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("agent"), name: nameText(128) }),
        z.strictObject({ kind: z.literal("person"), name: nameText(128) }),
      ]),
      expiresInDays: z.int().min(1).max(3650).optional(),
    }),
    output: z.object({ id: KeyId, key: z.string(), expiresAt: z.iso.datetime().optional() }),
  },
  revokeKey: {
    method: "DELETE",
    path: "/v1/keys/{id}",
    summary: "Revoke an API key at once.",
    scopes: ["admin"],
    input: z.strictObject({ id: KeyId }),
    output: z.object({ id: KeyId, revokedAt: z.iso.datetime() }),
  },
  planConfig: {
    method: "POST",
    path: "/v1/plans",
    summary: "Show what a configuration would change, with its policies tried on the recorded past.",
    scopes: ["operator", "admin"],
    input: z.strictObject({
      files: z.array(ConfigFile).min(1).max(2000),
      replay: z.int().min(0).max(100_000).optional(),
    }),
    output: Plan,
  },
  applyConfig: {
    method: "POST",
    path: "/v1/configs",
    summary: "Publish exactly what a plan showed; refused when the live snapshot has moved since.",
    scopes: ["admin"],
    input: z.strictObject({
      files: z.array(ConfigFile).min(1).max(2000),
      base: z.strictObject({ version: z.int(), digest: z.string() }),
      digest: z.string(),
      tenant: z.string().optional().meta({ description: "The plan's tenant. Given, it must be the caller's." }),
    }),
    output: z.object({ version: z.int(), digest: z.string() }),
  },
  listSources: {
    method: "GET",
    path: "/v1/sources",
    summary: "The sources that bring records in: state, lag, last batch, counts.",
    scopes: readers,
    input: z.strictObject({}),
    output: z.object({ sources: z.array(SourceState) }),
  },
  readSource: {
    method: "GET",
    path: "/v1/sources/{name}",
    summary: "One source with its current records and newest batches.",
    scopes: readers,
    input: z.strictObject({ name: nameText(128) }),
    output: SourceDetail,
  },
  listQuarantined: {
    method: "GET",
    path: "/v1/quarantine",
    summary: "Records that broke their contract, newest first. Values are shortened.",
    scopes: ["operator", "admin"],
    input: z.strictObject({ source: nameText(128).optional(), state: QuarantineState.optional(), limit }),
    output: z.object({ quarantined: z.array(Quarantined) }),
  },
  readQuarantined: {
    method: "GET",
    path: "/v1/quarantine/{id}",
    summary: "One quarantined record with its faults and shortened values.",
    scopes: ["operator", "admin"],
    input: z.strictObject({ id: QuarantineId }),
    output: QuarantinedDetail,
  },
  releaseQuarantined: {
    method: "POST",
    path: "/v1/quarantine/{id}/release",
    summary: "Bring a quarantined record in as it is, or with a corrected value; once, on the record.",
    scopes: ["operator", "admin"],
    input: z.strictObject({ id: QuarantineId, reason, value: JsonObject.optional() }),
    output: Quarantined,
  },
  discardQuarantined: {
    method: "POST",
    path: "/v1/quarantine/{id}/discard",
    summary: "Leave a quarantined record out for good, on the record.",
    scopes: ["operator", "admin"],
    input: z.strictObject({ id: QuarantineId, reason }),
    output: Quarantined,
  },
  ...dataRoutes,
  ...readinessRoutes,
  verifyLedger: {
    method: "GET",
    path: "/v1/ledger/verification",
    summary: "Recompute every chain and checkpoint signature.",
    scopes: readers,
    input: z.strictObject({}),
    output: LedgerVerification,
  },
  readHealth: {
    method: "GET",
    path: "/v1/health",
    summary: "Whether this node can judge and act.",
    scopes: ["public"],
    input: z.strictObject({}),
    output: z.object({ ok: z.boolean(), store: z.boolean(), controlAgeMs: z.number().optional(), version: z.string() }),
  },
} as const satisfies Record<string, Route>;

export type Api = typeof api;
export type Operation = keyof Api;
// Object.keys cannot know that the table has no further keys.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
export const operations = Object.keys(api) as readonly Operation[];
export type Input<O extends Operation> = z.infer<Api[O]["input"]>;
export type Output<O extends Operation> = z.infer<Api[O]["output"]>;
