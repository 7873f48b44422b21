/** Settles an action outside its walk: after an interruption, or by a person's word. Once, in one transaction. */
import { type ActionRecord, AirworthyError, type RecallLeave } from "@airworthy/contract";

import type { Settlement } from "../kernel/action-store.ts";
import type { Values } from "../kernel/deps.ts";
import { defined } from "../kernel/defined.ts";
import { describeLineage } from "../kernel/lineage/describe-lineage.ts";
import type { LineageEntry } from "../kernel/lineage/lineage-entry.ts";
import { readAnswer } from "../kernel/provenance/reading.ts";
import { settleEffects } from "./effects.ts";
import type { LedgerWriter } from "./ledger-writer.ts";
import type { Grounds } from "./evidence.ts";
import { insertLineage } from "./lineage-rows.ts";
import { insertObservations } from "./observations.ts";
import { insertReadings } from "./value-readings.ts";

export function settleAction(
  writer: LedgerWriter,
  settlement: Settlement,
  { seal }: Pick<Values, "seal">,
): Promise<void> {
  const { tenant, id, walk, from, outcome, by, reason } = settlement;
  const result = outcome.status === "unknown" ? undefined : outcome.result;
  return writer.append(tenant, async (tx) => {
    const [row] = await tx.query<Row>({
      text: `select agent, tool, run, record, recall from actions
             where tenant = $1 and id = $2 and walk = $3 and status = $4 for update`,
      values: [tenant, id, walk, from],
    });
    if (!row) throw new AirworthyError("conflict", `${id} is no longer ${from}; somebody else has settled it.`);
    const { grounds, ...kept } = JSON.parse(row.record ?? "{}") as Kept;
    const entity = kept.entity && `${kept.entity.type}:${kept.entity.id}`;
    // A record in doubt says so as an error; what is settled since has its own, or none.
    const record = JSON.stringify({ ...kept, error: describeError(outcome) });
    await tx.query({
      text: `update actions
             set status = $3, updated_at = clock_timestamp(), result = coalesce($4, result), record = $5,
                 entity = coalesce($6, entity), owed = idempotency_key is null and ($3 = 'done' or ($3 = 'failed' and ($7 or approval is not null)))
             where tenant = $1 and id = $2`,
      // Whoever heard "unknown" or "waiting" was told to ask again for the end; a plain failure may simply be tried anew.
      values: [
        tenant,
        id,
        outcome.status,
        result === undefined ? null : JSON.stringify(result),
        record,
        entity,
        from === "unknown",
      ],
    });
    const recall = row.recall === null ? undefined : (JSON.parse(row.recall) as RecallLeave);
    await settleEffects(tx, tenant, [{ action: id, state: outcome.status, entity, recall }]);
    if (outcome.status === "done") await insertObservations(tx, tenant, outcome.observations);
    await insertLineage(tx, tenant, [lineageOf({ tenant, id, row, kept, grounds }, outcome)]);
    // Whoever repeats the call reads it. What its tool declares is not at hand here, so anyone may have written it.
    const told = outcome.status === "failed" ? outcome.message : undefined;
    const answer = { result, arguments: {}, definition: undefined, mcp: false, ...(told ? { message: told } : {}) };
    const reading = readAnswer(answer);
    const reader = { tenant, principal: row.agent, tool: row.tool, readBy: id };
    if (reading) await insertReadings(tx, tenant, [await seal(reader, reading)]);
    const draft = {
      kind: from === "unknown" ? ("resolved" as const) : ("finished" as const),
      action: id,
      agent: row.agent,
      tool: row.tool,
      ...(entity === undefined ? {} : { entity }),
      status: outcome.status,
      body: { walk, by, reason, outcome: { ...outcome, observations: undefined } },
    };
    return { drafts: [draft], value: undefined };
  });
}

type Row = {
  readonly agent: string;
  readonly tool: string;
  readonly run: string | null;
  readonly record: string | null;
  readonly recall: string | null;
};
type Kept = Partial<Pick<ActionRecord, "entity" | "error" | "facts" | "lineage" | "provenance">> & {
  readonly grounds?: Grounds;
};
type Settling = Pick<Settlement, "tenant" | "id"> & {
  readonly row: Row;
  readonly kept: Kept;
  readonly grounds: Grounds | undefined;
};

/** An end that was written before has its lineage already, and its grounds are gone from the row. */
function lineageOf({ tenant, id, row, kept, grounds }: Settling, outcome: Settlement["outcome"]): LineageEntry {
  return describeLineage({
    tenant,
    id,
    agent: row.agent,
    tool: row.tool,
    run: row.run ?? undefined,
    ...(grounds ? { ...nothing, ...defined(kept), ...grounds } : nothing),
    observations: outcome.status === "done" ? outcome.observations : [],
    written: outcome.status === "failed" ? [] : (outcome.written ?? []),
  });
}

const nothing = { facts: [], cited: [], factDigests: [], lineage: [], provenance: [], under: { policies: [] } };

function describeError(outcome: Settlement["outcome"]): ActionRecord["error"] {
  switch (outcome.status) {
    case "done":
      return undefined;
    case "failed":
      return { code: outcome.code, message: outcome.message, retryable: outcome.retryable };
    case "unknown":
      return { code: "unknown", message: outcome.message, retryable: false };
  }
}
