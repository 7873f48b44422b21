/** Stops in the store. Setting and lifting raise the control epoch in the same transaction, so no node redeems past them. */
import { AirworthyError, type Stop, type StopId, type StopMode, StopScope } from "@airworthy/contract";

import type { NewStop, StopStore } from "../kernel/control-store.ts";
import type { Database, Queryable } from "./database.ts";
import type { LedgerWriter } from "./ledger-writer.ts";

type Row = {
  readonly id: string;
  readonly scope: string;
  readonly mode: string;
  readonly reason: string;
  readonly set_by: string;
  readonly set_at: Date;
  readonly lifted_at: Date | null;
  readonly lifted_by: string | null;
};

export async function listStops(db: Queryable, tenant: string, { all }: { all: boolean }): Promise<Stop[]> {
  const rows = await db.query<Row>({
    text: `select id, scope, mode, reason, set_by, set_at, lifted_at, lifted_by from stops
           where tenant = $1 and ($2 or lifted_at is null) order by set_at desc`,
    values: [tenant, all],
  });
  return rows.map(toStop);
}

async function setStop(writer: LedgerWriter, tenant: string, stop: NewStop): Promise<Stop> {
  return writer.append(tenant, async (tx) => {
    const [row] = await tx.query<Row>({
      text: `insert into stops (tenant, id, scope, mode, reason, set_by) values ($1, $2, $3, $4, $5, $6)
             on conflict (tenant, id) do update set reason = excluded.reason returning *`,
      values: [tenant, stop.id, JSON.stringify(stop.scope), stop.mode, stop.reason, stop.by],
    });
    await raiseEpoch(tx, tenant);
    if (!row) throw new AirworthyError("internal", "The stop was not written.");
    return { drafts: [{ kind: "stop_set", body: { stop: toStop(row) } }], value: toStop(row) };
  });
}

async function liftStop(
  writer: LedgerWriter,
  tenant: string,
  lift: { id: StopId; by: string; reason: string | undefined },
): Promise<Stop> {
  return writer.append(tenant, async (tx) => {
    const [row] = await tx.query<Row>({
      text: `update stops set lifted_at = coalesce(lifted_at, clock_timestamp()), lifted_by = coalesce(lifted_by, $3)
             where tenant = $1 and id = $2 returning *`,
      values: [tenant, lift.id, lift.by],
    });
    if (!row) throw new AirworthyError("not_found", `There is no stop ${lift.id}.`);
    await raiseEpoch(tx, tenant);
    return { drafts: [{ kind: "stop_lifted", body: { stop: toStop(row), reason: lift.reason } }], value: toStop(row) };
  });
}

/** Waits for the redemptions that hold the row, and makes every later one walk again. */
export async function raiseEpoch(tx: Queryable, tenant: string, snapshotVersion?: number): Promise<void> {
  await tx.query({
    text: `update control set epoch = epoch + 1, snapshot_version = coalesce($2, snapshot_version) where tenant = $1`,
    values: [tenant, snapshotVersion ?? null],
  });
}

function toStop(row: Row): Stop {
  return {
    id: row.id as StopId,
    scope: StopScope.parse(JSON.parse(row.scope)),
    mode: row.mode as StopMode,
    reason: row.reason,
    by: row.set_by,
    at: row.set_at.toISOString(),
    ...(row.lifted_at ? { liftedAt: row.lifted_at.toISOString() } : {}),
    ...(row.lifted_by === null ? {} : { liftedBy: row.lifted_by }),
  };
}

export function createStopStore(db: Database, writer: LedgerWriter): StopStore {
  return {
    list: (tenant, all) => listStops(db, tenant, { all }),
    set: (tenant, stop) => setStop(writer, tenant, stop),
    lift: (tenant, lift) => liftStop(writer, tenant, lift),
  };
}
