/** The row of an action, and the record that people read of it. */
import type {
  ActionId,
  ActionRecord,
  ActionStatus,
  ApprovalId,
  Json,
  JsonObject,
  OnBehalfOf,
  RecallLeave,
} from "@airworthy/contract";

import type { StoredAction } from "../kernel/action-store.ts";
import type { Grounds } from "./evidence.ts";

export type ActionRow = {
  readonly tenant: string;
  readonly id: ActionId;
  readonly agent: string;
  readonly tool: string;
  readonly status: ActionStatus;
  readonly call_digest: string;
  readonly idempotency_key: string | null;
  readonly arguments: string;
  readonly arguments_digest: string;
  readonly run: string | null;
  readonly confidence: number | null;
  readonly rationale: string | null;
  readonly protocol: string | null;
  readonly on_behalf_of: string | null;
  readonly recall: string | null;
  readonly walk: number;
  readonly entity: string | null;
  readonly approval: string | null;
  readonly record: string | null;
  readonly result: string | null;
  readonly proposed_at: Date;
  readonly updated_at: Date;
};

export const actionColumns = [
  "tenant",
  "id",
  "agent",
  "tool",
  "status",
  "call_digest",
  "idempotency_key",
  "arguments",
  "arguments_digest",
  "run",
  "confidence",
  "rationale",
  "protocol",
  "on_behalf_of",
  "recall",
  "walk",
  "entity",
  "approval",
  "record",
  "result",
  "proposed_at",
  "updated_at",
]
  .map((column) => (column === "tenant" || column === "id" ? `actions.${column}` : column))
  .join(", ");

type Kept = Pick<
  ActionRecord,
  | "decision"
  | "facts"
  | "computed"
  | "lineage"
  | "provenance"
  | "data"
  | "leftOut"
  | "heldBack"
  | "entity"
  | "touches"
  | "entities"
  | "amount"
  | "error"
> & {
  readonly mask?: readonly string[];
  readonly grounds?: Grounds;
};

export function toStoredAction(row: ActionRow): StoredAction {
  const { mask, grounds: _, ...kept }: Partial<Kept> = row.record === null ? {} : (JSON.parse(row.record) as Kept);
  return {
    tenant: row.tenant,
    walk: row.walk,
    callDigest: row.call_digest,
    idempotencyKey: row.idempotency_key ?? undefined,
    protocol: row.protocol === null ? undefined : (JSON.parse(row.protocol) as JsonObject),
    mask: mask ?? [],
    record: toRecord(row, kept),
  };
}

function toRecord(row: ActionRow, stored: Partial<Kept>): ActionRecord {
  return {
    id: row.id,
    status: row.status,
    agent: row.agent,
    tool: row.tool,
    arguments: JSON.parse(row.arguments) as JsonObject,
    argumentsDigest: row.arguments_digest,
    ...(row.run === null ? {} : { run: row.run }),
    ...(row.on_behalf_of === null ? {} : { onBehalfOf: JSON.parse(row.on_behalf_of) as OnBehalfOf }),
    ...(row.confidence === null ? {} : { confidence: row.confidence }),
    ...(row.rationale === null ? {} : { rationale: row.rationale }),
    ...(row.recall === null ? {} : { recall: JSON.parse(row.recall) as RecallLeave }),
    ...(row.approval === null ? {} : { approval: row.approval as ApprovalId }),
    ...(row.result === null ? {} : { result: JSON.parse(row.result) as Json }),
    ...stored,
    facts: stored.facts ?? [],
    lineage: stored.lineage ?? [],
    walks: row.walk,
    proposedAt: row.proposed_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
