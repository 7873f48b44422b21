/** Quarantine in the store: records that broke their contract, until a person releases or discards each, on the record. */
import {
  AirworthyError,
  type Json,
  type Quarantined,
  type QuarantineId,
  type QuarantineState,
} from "@airworthy/contract";

import { digestJson } from "../kernel/canonical.ts";
import { newId } from "../kernel/ids.ts";
import { isJsonArray, isJsonObject } from "../kernel/json.ts";
import { showLabel } from "../kernel/records/show-value.ts";
import type { HeldInAnswer, QuarantineStore, ReadQuarantine, StoredQuarantined } from "../kernel/source-store.ts";
import type { Database, Queryable } from "./database.ts";
import type { LedgerWriter } from "./ledger-writer.ts";
import { ingestReleased, lockSource } from "./source-ingest.ts";

type Row = {
  readonly id: string;
  readonly connector: string;
  readonly tool: string | null;
  readonly batch: string | null;
  readonly number: number | null;
  readonly item: number | null;
  readonly record: string | null;
  readonly key: string | null;
  readonly contract: string | null;
  readonly contract_version: number | null;
  readonly faults: string;
  readonly state: string;
  readonly times: number;
  readonly held_at: Date;
  readonly last_at: Date;
  readonly decided_by: string | null;
  readonly decided_at: Date | null;
  readonly reason: string | null;
};
type WholeRow = Row & {
  readonly value: string;
  readonly readable: boolean;
  readonly event_at: Date | null;
  readonly event_key: string | null;
};

const columns = `id, connector, tool, batch, number, item, record, key, contract, contract_version, faults, state, times, held_at,
  last_at, decided_by, decided_at, reason`;
const wholeColumns = `${columns}, value, readable, event_at, event_key`;

/** Of an answer's record more than this is not kept: its digest is, by which it is known again. */
const keptBytes = 262_144;

export function createReadQuarantine(db: Database): ReadQuarantine {
  return {
    hold: async ({ tenant, connector, tool, contract }, records) => {
      const column = <T>(pick: (record: HeldInAnswer) => T): T[] => records.map(pick);
      const digests = column(({ value }) => digestJson(value));
      // The same record may stand in an answer twice, and one statement cannot write a row twice.
      const firsts = records.filter((_, index) => digests.indexOf(digests[index] ?? "") === index);
      const first = <T>(pick: (record: HeldInAnswer) => T): T[] => firsts.map(pick);
      const rows = await db.query<{ digest: string; state: string }>({
        name: "source-quarantine-hold",
        text: `insert into source_quarantine as q (tenant, connector, tool, contract, contract_version, id, number, faults, value,
                                                   readable, digest)
               select $1, $2, $3, $4, $5, id, number, faults, value, true, digest
               from unnest($6::text[], $7::bigint[], $8::text[], $9::text[], $10::text[]) as r(id, number, faults, value, digest)
               on conflict (tenant, connector, tool, contract, contract_version, digest) where tool is not null
                 do update set times = q.times + 1, last_at = clock_timestamp()
               returning digest, state`,
        values: [
          tenant,
          connector,
          tool,
          contract.name,
          contract.version,
          first(() => newId("qrn")),
          first(({ number }) => number),
          first(({ faults }) => JSON.stringify(faults)),
          first(({ value }) => keptText(value)),
          first(({ value }) => digestJson(value)),
        ],
      });
      const released = new Set(rows.filter(({ state }) => state === "released").map(({ digest }) => digest));
      return new Set(records.filter((_, index) => released.has(digests[index] ?? "")).map(({ number }) => number));
    },
  };
}

function keptText(value: Json): string {
  const text = JSON.stringify(value);
  return text.length <= keptBytes ? text : JSON.stringify(`(a record of ${text.length} characters, not kept)`);
}

export function createQuarantineStore(db: Database, writer: LedgerWriter): QuarantineStore {
  return {
    list: async (tenant, { connector, state, limit }) => {
      const rows = await db.query<Row>({
        text: `select ${columns} from source_quarantine
               where tenant = $1 and state = $2 and ($3::text is null or connector = $3)
               order by held_at desc, id limit $4`,
        values: [tenant, state, connector ?? null, limit],
      });
      return rows.map(toQuarantined);
    },
    read: async (tenant, id) => {
      const [row] = await db.query<WholeRow>({
        text: `select ${wholeColumns} from source_quarantine where tenant = $1 and id = $2`,
        values: [tenant, id],
      });
      return row && toStored(row);
    },
    decide: (tenant, decision) => decide(writer, tenant, decision),
  };
}

type Decision = Parameters<QuarantineStore["decide"]>[1];

async function decide(writer: LedgerWriter, tenant: string, decision: Decision): Promise<Quarantined> {
  const { id, verdict, by, reason, take, amended } = decision;
  return writer.append(tenant, async (tx) => {
    await lockItsSource(tx, tenant, id);
    const before = await lockHeld(tx, tenant, id);
    const became =
      take && before.batch !== null
        ? await ingestReleased(tx, { tenant, connector: before.connector }, { batch: before.batch, record: take })
        : undefined;
    const [row] = await tx.query<Row>({
      text: `update source_quarantine
             set state = $3, decided_by = $4, decided_at = clock_timestamp(), reason = $5
             where tenant = $1 and id = $2 returning ${columns}`,
      values: [tenant, id, verdict, by, reason],
    });
    if (before.batch !== null) {
      await tx.query({
        text: "update source_state set held = greatest(held - 1, 0) where tenant = $1 and connector = $2",
        values: [tenant, before.connector],
      });
    }
    const body = {
      quarantined: id,
      connector: before.connector,
      by,
      reason,
      ...(before.tool === null ? { batch: before.batch, number: before.number } : { tool: before.tool }),
      ...(before.contract === null ? {} : { contract: { name: before.contract, version: before.contract_version } }),
      digest: before.digest,
      ...(take ? { takenAs: digestJson(take.value), amended, became } : {}),
    };
    const kind = verdict === "released" ? "quarantine_released" : "quarantine_discarded";
    return { drafts: [{ kind, body }], value: toQuarantined(row ?? before) };
  });
}

/** Before its own row, as whoever brings in does: two that wait for each other would end in an error. */
async function lockItsSource(tx: Queryable, tenant: string, id: QuarantineId): Promise<void> {
  const [row] = await tx.query<{ connector: string }>({
    text: "select connector from source_quarantine where tenant = $1 and id = $2 and batch is not null",
    values: [tenant, id],
  });
  if (row) await lockSource(tx, { tenant, connector: row.connector });
}

async function lockHeld(tx: Queryable, tenant: string, id: QuarantineId): Promise<Row & { readonly digest: string }> {
  const [row] = await tx.query<Row & { digest: string }>({
    text: `select ${columns}, digest from source_quarantine where tenant = $1 and id = $2 for update`,
    values: [tenant, id],
  });
  if (!row) throw new AirworthyError("not_found", `Nothing in quarantine has the id ${id}.`, { place: "$.id" });
  if (row.state === "held") return row;
  if (row.state === "superseded") {
    throw new AirworthyError("conflict", "Its document was changed or removed meanwhile: there is nothing to decide.");
  }
  throw new AirworthyError("conflict", `${row.decided_by ?? "Somebody"} has ${row.state} it already.`, {
    fix: "Look at it again: airworthy sources quarantine show",
  });
}

function toQuarantined(row: Row): Quarantined {
  const optional = <K extends string, T>(name: K, value: T | null): { [Name in K]?: T } =>
    value === null ? {} : ({ [name]: value } as { [Name in K]?: T });
  return {
    id: row.id as QuarantineId,
    connector: row.connector,
    ...optional("tool", row.tool),
    ...optional("record", row.record),
    ...optional("key", row.key),
    ...optional("batch", row.batch),
    ...optional("number", row.number),
    ...(row.contract === null ? {} : { contract: { name: row.contract, version: row.contract_version ?? 0 } }),
    faults: JSON.parse(row.faults) as Quarantined["faults"],
    state: row.state as QuarantineState,
    times: row.times,
    heldAt: row.held_at.toISOString(),
    lastAt: row.last_at.toISOString(),
    ...(row.decided_by === null || row.decided_at === null
      ? {}
      : { decision: { by: row.decided_by, at: row.decided_at.toISOString(), reason: row.reason ?? "" } }),
  };
}

function toStored(row: WholeRow): StoredQuarantined {
  const whole = JSON.parse(row.value) as Json;
  return {
    ...toQuarantined(row),
    value: shorten(whole),
    whole,
    readable: row.readable,
    item: row.item ?? 0,
    eventAt: row.event_at?.getTime(),
    eventKey: row.event_key ?? undefined,
  };
}

/** Each value as it may be shown. */
function shorten(value: Json): Json {
  if (isJsonArray(value)) return value.map(shorten);
  if (isJsonObject(value))
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shorten(inner)]));
  return typeof value === "string" ? showLabel(value) : value;
}
