/** Settles an action outside its walk: after an interruption, or by a person's word. Once, in one transaction. */
import { type ActionRecord, AirworthyError, type RecallLeave } from "@airworthy/contract";

import type { Settlement } from "../kernel/action-store.ts";
import { keyOf } from "../kernel/action-keys.ts";
import type { Values } from "../kernel/deps.ts";
import { readAnswer } from "../kernel/provenance/reading.ts";
import { describeHandling } from "../kernel/classes/describe-handling.ts";
import type { Queryable } from "./database.ts";
import { settleEffects } from "./effects.ts";
import { lockEntities } from "./entity-locks.ts";
import type { Draft } from "./ledger-chain.ts";
import type { LedgerWriter } from "./ledger-writer.ts";
import type { Grounds } from "./evidence.ts";
import { lineageOfSettled, type SettledRow } from "./lineage-of-settled.ts";
import { insertLineage } from "./lineage-rows.ts";
import { insertObservations } from "./observations.ts";
import { insertReadings } from "./value-readings.ts";

export function settleAction(
  writer: LedgerWriter,
  settlement: Settlement,
  { seal }: Pick<Values, "seal">,
): Promise<void> {
  const { tenant, id, from, outcome } = settlement;
  return writer.append(tenant, async (tx) => {
    const { keys, recall } = await readReach(tx, settlement);
    const taken = (recall?.entities ?? []).map(keyOf);
    const entities = await lockEntities(tx, tenant, { begins: [], ends: [...keys, ...taken] });
    const moved = await moveAction(tx, settlement);
    await settleEffects(tx, tenant, {
      ends: [{ action: id, state: outcome.status, entities: keys, recall }],
      entities,
    });
    // Others may have acted since, and what ended its state then was not taken to end what only may have happened.
    if (from === "unknown") for (const key of new Set(keys)) await entities.rebuild(key);
    entities.write();
    if (outcome.status === "done") insertObservations(tx, tenant, outcome.observations);
    insertLineage(tx, tenant, [lineageOfSettled(moved, outcome)]);
    const reading = readSettled(outcome);
    const reader = { tenant, principal: moved.agent, tool: moved.tool, readBy: id };
    if (reading) insertReadings(tx, tenant, [await seal(reader, reading)]);
    return { drafts: [describeSettlement(settlement, moved)], value: undefined };
  });
}

/** What an action is about does not change between its start and its end, so it may be read before it is locked. */
async function readReach(
  tx: Queryable,
  { tenant, id }: Settlement,
): Promise<{ readonly keys: readonly string[]; readonly recall: RecallLeave | undefined }> {
  const [row] = await tx.query<Pick<Row, "record"> & { readonly recall: string | null }>({
    text: "select record, recall from actions where tenant = $1 and id = $2",
    values: [tenant, id],
  });
  const { entity, touches = [] } = JSON.parse(row?.record ?? "{}") as Kept;
  const recall = typeof row?.recall === "string" ? (JSON.parse(row.recall) as RecallLeave) : undefined;
  return { keys: [...(entity ? [entity] : []), ...touches].map(keyOf), recall };
}

type Moved = SettledRow & { readonly entity: string | undefined };

async function moveAction(tx: Queryable, { tenant, id, walk, from, outcome }: Settlement): Promise<Moved> {
  const [row] = await tx.query<Row>({
    text: `select agent, tool, run, record from actions
           where tenant = $1 and id = $2 and walk = $3 and status = $4 for update`,
    values: [tenant, id, walk, from],
  });
  if (!row) throw new AirworthyError("conflict", `${id} is no longer ${from}; somebody else has settled it.`);
  const { grounds, ...kept } = JSON.parse(row.record ?? "{}") as Kept;
  const entity = kept.entity && keyOf(kept.entity);
  // A record in doubt says so as an error; what is settled since has its own, or none.
  const handled = describeHandling({ data: kept.data ?? [] }, outcome);
  const record = JSON.stringify({ ...kept, ...handled, error: describeError(outcome) });
  const result = outcome.status === "unknown" ? undefined : outcome.result;
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
  const { agent, tool, run } = row;
  return { tenant, id, agent, tool, run: run ?? undefined, entity, kept, grounds };
}

/** Whoever repeats the call reads it. What its tool declares is not at hand here, so anyone may have written it. */
function readSettled(outcome: Settlement["outcome"]) {
  const result = outcome.status === "unknown" ? undefined : outcome.result;
  const told = outcome.status === "failed" ? { message: outcome.message } : {};
  return readAnswer({ result, arguments: {}, definition: undefined, mcp: false, ...told });
}

function describeSettlement(
  { id, walk, from, outcome, by, reason }: Settlement,
  { agent, tool, entity }: Moved,
): Draft {
  return {
    kind: from === "unknown" ? "resolved" : "finished",
    action: id,
    agent,
    tool,
    ...(entity === undefined ? {} : { entity }),
    status: outcome.status,
    body: { walk, by, reason, outcome: { ...outcome, observations: undefined } },
  };
}

type Row = {
  readonly agent: string;
  readonly tool: string;
  readonly run: string | null;
  readonly record: string | null;
};
type Kept = SettledRow["kept"] &
  Partial<Pick<ActionRecord, "entity" | "touches" | "data" | "error">> & { readonly grounds?: Grounds };

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
