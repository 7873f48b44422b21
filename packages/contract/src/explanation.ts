/** The answer to "why did it do this?": one document, made from the record by template. */
import { z } from "zod";

import { ActionRecord } from "./action.ts";
import { Approval } from "./approval.ts";
import { ActionId, ObservationId } from "./ids.ts";
import { LedgerKind, LedgerPosition } from "./ledger.ts";

/** A fact, or a value in an argument, that an earlier effect had written: whose it is. */
export const FactOrigin = z.object({
  fact: z.string(),
  key: z.string(),
  observation: ObservationId,
  /** `version`: it is the version which that effect left; `value`: its value, seen before it was overwritten. */
  match: z.enum(["version", "value"]),
  by: z.object({ action: ActionId, agent: z.string(), tool: z.string(), at: z.iso.datetime() }),
});
export type FactOrigin = z.infer<typeof FactOrigin>;

/** The document that an argument was taken from: a read that showed it, and there the passage, as the fact's key names it. */
export const Citation = z.object({
  argument: z.string(),
  /** What of the argument it is, where that is not the whole of it. */
  reference: z.string().optional(),
  /** SHA-256 of the document. */
  document: z.string(),
  batch: z.string().optional(),
  fact: z.string(),
  key: z.string(),
  readBy: ActionId,
});
export type Citation = z.infer<typeof Citation>;

export const Explanation = z.object({
  /** The verdict in one or two sentences. */
  sentence: z.string(),
  action: ActionRecord,
  approval: Approval.optional(),
  effect: z
    .object({
      connector: z.string(),
      state: z.string(),
      idempotencyKey: z.string(),
      reversibility: z.string(),
      compensate: z.string().optional(),
      /** The action that took it back. */
      compensatedBy: ActionId.optional(),
      startedAt: z.iso.datetime(),
      endedAt: z.iso.datetime().optional(),
    })
    .optional(),
  /** What it rests on, or holds, that the effects of others or its own earlier ones had written. */
  origins: z.array(FactOrigin).optional(),
  /** The documents that its arguments were taken from. */
  citations: z.array(Citation).optional(),
  proof: z.array(LedgerPosition.extend({ kind: LedgerKind, previousHash: z.string() })),
});
export type Explanation = z.infer<typeof Explanation>;
