/** Settles an action outside its walk: after an interruption, or by a person's word. Once, in one transaction. */
import { AirworthyError } from "@airworthy/contract";

import type { Settlement } from "../kernel/action-store.ts";
import { settleEffects } from "./effects.ts";
import type { LedgerWriter } from "./ledger-writer.ts";
import { insertObservations } from "./observations.ts";

export function settleAction(writer: LedgerWriter, settlement: Settlement): Promise<void> {
  const { tenant, id, walk, from, outcome } = settlement;
  const error = outcome.status === "done" ? undefined : describeError(outcome);
  const result = outcome.status === "unknown" ? undefined : outcome.result;
  return writer.append(tenant, async (tx) => {
    const [row] = await tx.query<{ agent: string; tool: string; entity: string | null }>({
      text: `update actions
             set status = $5, updated_at = clock_timestamp(), result = coalesce($6, result),
                 record = (coalesce(record, '{}')::jsonb || jsonb_strip_nulls(jsonb_build_object('error', $7::jsonb)))::text,
                 owed = idempotency_key is null and $5 <> 'unknown'
             where tenant = $1 and id = $2 and walk = $3 and status = $4
             returning agent, tool, entity`,
      values: [
        tenant,
        id,
        walk,
        from,
        outcome.status,
        result === undefined ? null : JSON.stringify(result),
        error ?? null,
      ],
    });
    if (!row) throw new AirworthyError("conflict", `${id} is no longer ${from}; somebody else has settled it.`);
    await settleEffects(tx, tenant, [{ action: id, state: outcome.status }]);
    if (outcome.status === "done") await insertObservations(tx, tenant, outcome.observations);
    const { by, reason } = settlement;
    const draft = {
      kind: from === "unknown" ? ("resolved" as const) : ("finished" as const),
      action: id,
      agent: row.agent,
      tool: row.tool,
      ...(row.entity === null ? {} : { entity: row.entity }),
      status: outcome.status,
      body: { walk, by, reason, outcome: { ...outcome, observations: undefined } },
    };
    return { drafts: [draft], value: undefined };
  });
}

function describeError(outcome: Exclude<Settlement["outcome"], { status: "done" }>): string {
  return outcome.status === "failed"
    ? JSON.stringify({ code: outcome.code, message: outcome.message, retryable: outcome.retryable })
    : JSON.stringify({ code: "unknown", message: outcome.message, retryable: false });
}
