/** Writes what a source brings in: parts of batches, each message once, each record judged against the one that is held. */
import { AirworthyError } from "@airworthy/contract";

import { digestJson } from "../kernel/canonical.ts";
import type {
  HeldRecord,
  IncomingRecord,
  IngestPart,
  PartOutcome,
  ReadMessage,
  SourceAt,
  SourceLease,
} from "../kernel/source-store.ts";
import type { Queryable } from "./database.ts";
import { type Held, judgeRecord } from "./judge-record.ts";
import { isCurrentBatch, writeDocuments } from "./source-shelf.ts";
import {
  type JudgedPart,
  keysByRecord,
  type NewRecord,
  writeFacts,
  writeParts,
  writeRecords,
} from "./source-writes.ts";

/** What waits for people is kept, but not without end: past this nothing more is taken until they have looked. */
const heldMax = 100_000;

export async function ingestParts(
  tx: Queryable,
  at: SourceAt & { readonly lease?: SourceLease },
  parts: readonly IngestPart[],
): Promise<PartOutcome[]> {
  const { held } = await lockSource(tx, at);
  if (held >= heldMax) throw quarantineFull(at.connector);
  const batches = await readBatches(tx, at, parts);
  const judged: JudgedPart[] = [];
  const outcomes: (PartOutcome | JudgedPart)[] = parts.map((part) => {
    const { id, digest } = part.batch;
    const known = batches.get(id);
    if (known !== undefined && known.digest !== digest) return nothing("conflicting");
    if (known !== undefined && known.state !== "open") return nothing("duplicate");
    // A second one of this id in the same transaction is a repetition too.
    batches.set(id, { digest, state: "complete" });
    const one: JudgedPart = { part, records: [], held: [], ids: [], duplicates: 0, late: 0 };
    judged.push(one);
    return one;
  });
  await judgeParts(tx, at, judged);
  await writeParts(tx, at, judged);
  await writeDocuments(
    tx,
    at,
    judged.map(({ part }) => part),
  );
  return outcomes.map((one) =>
    "state" in one
      ? one
      : {
          state: "taken",
          records: one.records.length,
          quarantined: one.held.length,
          duplicates: one.duplicates,
          late: one.late,
        },
  );
}

const nothing = (state: "duplicate" | "conflicting"): PartOutcome => ({
  state,
  records: 0,
  quarantined: 0,
  duplicates: 0,
  late: 0,
});

/** From here on nobody else writes this source until we have. */
export async function lockSource(
  tx: Queryable,
  at: SourceAt & { readonly lease?: SourceLease },
): Promise<{ readonly epoch: number; readonly held: number }> {
  const lock = {
    name: "source-lock",
    text: "select epoch, held from source_state where tenant = $1 and connector = $2 for update",
    values: [at.tenant, at.connector],
  };
  let [row] = await tx.query<{ epoch: number; held: number }>(lock);
  if (!row) {
    await tx.query({
      text: "insert into source_state (tenant, connector) values ($1, $2) on conflict do nothing",
      values: [at.tenant, at.connector],
    });
    [row] = await tx.query<{ epoch: number; held: number }>(lock);
  }
  if (row && (!at.lease || row.epoch === at.lease.epoch)) return row;
  throw new AirworthyError("conflict", `Another node brings in ${at.connector} now.`);
}

function quarantineFull(connector: string): AirworthyError {
  return new AirworthyError("unavailable", `The quarantine of ${connector} is full (${heldMax} records).`, {
    retryable: true,
    fix: `Release or discard some: airworthy sources quarantine list --source ${connector}`,
  });
}

/**
 * Brings in one record that a person has released, where it stood. Answers what became of it.
 * @throws AirworthyError `conflict` when its version is held already with another value.
 */
export async function ingestReleased(
  tx: Queryable,
  at: SourceAt,
  released: { readonly batch: string; readonly record: IncomingRecord },
): Promise<"newest" | "late" | "duplicate"> {
  const { batch, record } = released;
  await lockSource(tx, at);
  if (record.passage !== undefined && !(await isCurrentBatch(tx, at, batch))) {
    throw new AirworthyError("conflict", "Its document was changed or removed meanwhile.", { fix: "Discard it." });
  }
  const part: IngestPart = { batch: { id: batch, origin: "", digest: "" }, messages: [], more: false };
  const one: JudgedPart = { part, records: [], held: [], ids: [], duplicates: 0, late: 0 };
  settle(one, record, await readLatest(tx, at, [record]));
  const [contradiction] = one.held;
  if (contradiction) {
    const { expected = "another version", found = "this one" } = contradiction.faults[0] ?? {};
    throw new AirworthyError("conflict", `It cannot be brought in: ${expected} expected, ${found} found.`, {
      fix: "Release it with a corrected value, or discard it.",
    });
  }
  const batched = one.records.map((own) => ({ ...own, batch }));
  await writeRecords(tx, at, batched);
  await writeFacts(tx, at, batched);
  await tx.query({
    text: `update source_state set records = records + $3, late = late + $4, duplicates = duplicates + $5
           where tenant = $1 and connector = $2`,
    values: [at.tenant, at.connector, one.records.length, one.late, one.duplicates],
  });
  if (one.duplicates > 0) return "duplicate";
  return one.late > 0 ? "late" : "newest";
}

async function readBatches(
  tx: Queryable,
  at: SourceAt,
  parts: readonly IngestPart[],
): Promise<Map<string, { readonly digest: string; readonly state: string }>> {
  const rows = await tx.query<{ batch: string; digest: string; state: string }>({
    name: "source-batches",
    text: "select batch, digest, state from source_batches where tenant = $1 and connector = $2 and batch = any($3)",
    values: [at.tenant, at.connector, [...new Set(parts.map(({ batch }) => batch.id))]],
  });
  return new Map(rows.map(({ batch, digest, state }) => [batch, { digest, state }]));
}

async function judgeParts(tx: Queryable, at: SourceAt, judged: readonly JudgedPart[]): Promise<void> {
  const seen = await readIds(tx, at, judged);
  const taken = judged.map((one) => ({
    one,
    messages: one.part.messages.filter((message) => isNew(one, message, seen)),
  }));
  const latest = await readLatest(
    tx,
    at,
    taken.flatMap(({ messages }) => messages.flatMap(({ records }) => records)),
  );
  for (const { one, messages } of taken) {
    for (const message of messages) {
      for (const record of message.records) settle(one, record, latest);
      one.held.push(...message.held);
    }
  }
}

/** A message of an id that was there already is a repetition; with other content it is somebody's fault, and held back. */
function isNew(one: JudgedPart, message: ReadMessage, seen: Map<string, string>): boolean {
  if (message.id === undefined) return true;
  const known = seen.get(message.id);
  if (known === undefined) {
    seen.set(message.id, message.digest);
    one.ids.push({ id: message.id, digest: message.digest });
    return true;
  }
  if (known === message.digest) one.duplicates += Math.max(1, message.records.length + message.held.length);
  else one.held.push(...reused(message));
  return false;
}

function reused(message: ReadMessage): HeldRecord[] {
  const faults = [{ field: "(id)", expected: "an id that was not used before", found: "the id of another message" }];
  const records = message.records.map(({ number, item, record, key, value }) => {
    return { number, item, record, key, faults, value, readable: true };
  });
  return [...records, ...message.held.map((held) => ({ ...held, faults: [...faults, ...held.faults] }))];
}

async function readIds(tx: Queryable, at: SourceAt, judged: readonly JudgedPart[]): Promise<Map<string, string>> {
  const ids = judged.flatMap(({ part }) => part.messages.flatMap(({ id }) => id ?? []));
  if (ids.length === 0) return new Map();
  const rows = await tx.query<{ id: string; digest: string }>({
    name: "source-messages",
    text: "select id, digest from source_messages where tenant = $1 and connector = $2 and id = any($3)",
    values: [at.tenant, at.connector, ids],
  });
  return new Map(rows.map(({ id, digest }) => [id, digest]));
}

const nameOf = ({ record, key }: { readonly record: string; readonly key: string }): string => `${record}\n${key}`;

type Latest = Map<string, Held & { readonly place?: NewRecord }>;

/** One statement for each kind of record: a join over two columns would be planned for a table that has hardly a row yet. */
async function readLatest(tx: Queryable, at: SourceAt, records: readonly IncomingRecord[]): Promise<Latest> {
  const latest: Latest = new Map();
  for (const [record, keys] of keysByRecord(records)) {
    // oxlint-disable-next-line no-await-in-loop -- a source has few kinds of record, and one connection
    const rows = await tx.query<Held & { key: string }>({
      name: "source-latest",
      text: `select key, version, extract(epoch from as_of)::float8 * 1000 as "asOf", digest from source_records
             where tenant = $1 and connector = $2 and record = $3 and key = any($4) and state = 'latest'`,
      values: [at.tenant, at.connector, record, keys],
    });
    for (const row of rows) latest.set(nameOf({ record, key: row.key }), row);
  }
  return latest;
}

function settle(one: JudgedPart, record: IncomingRecord, latest: Latest): void {
  const digest = digestJson(record.deleted ? null : record.value);
  const held = latest.get(nameOf(record));
  const verdict = judgeRecord({ ...record, digest }, held);
  switch (verdict.kind) {
    case "duplicate":
      one.duplicates += 1;
      return;
    case "contradicts":
      one.held.push({ ...record, faults: [verdict.fault], readable: true });
      return;
    case "late":
      one.late += 1;
      one.records.push({ ...record, digest, state: "late" });
      return;
    case "newest": {
      if (held?.place) held.place.state = "superseded";
      const place: NewRecord = { ...record, digest, state: "latest" };
      one.records.push(place);
      latest.set(nameOf(record), { version: record.version ?? null, asOf: record.asOf ?? null, digest, place });
    }
  }
}
