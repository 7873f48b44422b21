/** The answer to "why did it do this?": one document, made from the record by template. */
import { z } from "zod";

import { ActionRecord } from "./action.ts";
import { Approval } from "./approval.ts";
import { ActionId } from "./ids.ts";
import { LedgerKind, LedgerPosition } from "./ledger.ts";

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
  proof: z.array(LedgerPosition.extend({ kind: LedgerKind, previousHash: z.string() })),
});
export type Explanation = z.infer<typeof Explanation>;
