/** The ledger: an append-only chain of entries that anyone with the public key can check. */
import { z } from "zod";

/** What an entry records. `started` stands before every effect; `finished` after every walk that ended. */
export const LedgerKind = z.enum([
  "chain_opened",
  "started",
  "finished",
  "waiting",
  "approval_decided",
  "approval_expired",
  "resolved",
  "caller_gone",
  "abandoned",
  "stop_set",
  "stop_lifted",
  "snapshot_published",
  "key_created",
  "key_revoked",
  "quarantine_released",
  "quarantine_discarded",
  "token_revealed",
  "data_erased",
  "baseline_set",
  "readiness_found",
  "readiness_decided",
  "source_profiled",
  "entity_effect",
  "recall_opened",
  "recall_moved",
  "recall_item",
  "recall_task",
  "recall_ended",
]);
export type LedgerKind = z.infer<typeof LedgerKind>;

/** Where an entry stands: its chain (one writer, one day) and its number in it. */
export const LedgerPosition = z.object({ chain: z.string(), seq: z.int(), hash: z.string(), at: z.iso.datetime() });
export type LedgerPosition = z.infer<typeof LedgerPosition>;

/** A fault that verification found, named exactly. */
export const LedgerFault = z.object({
  chain: z.string(),
  seq: z.int().optional(),
  field: z.string(),
  detail: z.string(),
});
export type LedgerFault = z.infer<typeof LedgerFault>;

export const LedgerVerification = z.object({
  ok: z.boolean(),
  entries: z.int(),
  chains: z.int(),
  checkpoints: z.int(),
  /** Bodies that were erased on purpose; the chain still holds over their hashes. */
  erased: z.int(),
  /** How many faults there are in all; `faults` names the first of them. */
  faultCount: z.int(),
  faults: z.array(LedgerFault),
});
export type LedgerVerification = z.infer<typeof LedgerVerification>;
