/** The rows that a set of judged parts leaves, a fixed number of statements however many records there are. */
import { digestJson } from "../kernel/canonical.ts";
import { newId } from "../kernel/ids.ts";
import type { HeldRecord, IncomingRecord, IngestPart, PushedFact, SourceAt } from "../kernel/source-store.ts";
import type { Queryable } from "./database.ts";
import { scopeWord } from "./scope-word.ts";

export type NewRecord = IncomingRecord & { readonly digest: string; state: "latest" | "superseded" | "late" };
export type JudgedPart = {
  readonly part: IngestPart;
  readonly records: NewRecord[];
  readonly held: HeldRecord[];
  readonly ids: { readonly id: string; readonly digest: string }[];
  duplicates: number;
  late: number;
};

export async function writeParts(tx: Queryable, at: SourceAt, judged: readonly JudgedPart[]): Promise<void> {
  if (judged.length === 0) return;
  await writeBatches(tx, at, judged);
  await writeIds(
    tx,
    at,
    judged.flatMap(({ ids }) => ids),
  );
  const records = judged.flatMap(({ part, records: own }) =>
    own.map((record) => ({ ...record, batch: part.batch.id })),
  );
  await writeRecords(tx, at, records);
  await writeFacts(tx, at, records);
  const held = judged.flatMap(({ part, held: own }) => own.map((one) => ({ ...one, batch: part.batch.id })));
  await writeHeld(tx, at, held);
  await writeState(tx, at, judged);
}

async function writeBatches(tx: Queryable, at: SourceAt, judged: readonly JudgedPart[]): Promise<void> {
  const column = <T>(pick: (one: JudgedPart) => T): T[] => judged.map(pick);
  await tx.query({
    name: "source-batches-write",
    text: `insert into source_batches as b (tenant, connector, batch, origin, digest, state, as_of, ended_at, records,
                                            quarantined, duplicates, late)
           select $1, $2, batch, origin, digest, state, to_timestamp(as_of / 1000),
                  case when state = 'open' then null else clock_timestamp() end, records, quarantined, duplicates, late
           from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::float8[], $8::int[], $9::int[], $10::int[],
                       $11::int[])
             as r(batch, origin, digest, state, as_of, records, quarantined, duplicates, late)
           on conflict (tenant, connector, batch) do update
             set state = excluded.state, ended_at = excluded.ended_at, records = b.records + excluded.records,
                 quarantined = b.quarantined + excluded.quarantined, duplicates = b.duplicates + excluded.duplicates,
                 late = b.late + excluded.late`,
    values: [
      at.tenant,
      at.connector,
      column(({ part }) => part.batch.id),
      column(({ part }) => part.batch.origin),
      column(({ part }) => part.batch.digest),
      column(({ part }) => (part.more ? "open" : "complete")),
      column(({ part }) => part.batch.asOf ?? null),
      column(({ records }) => records.length),
      column(({ held }) => held.length),
      column(({ duplicates }) => duplicates),
      column(({ late }) => late),
    ],
  });
}

async function writeIds(tx: Queryable, at: SourceAt, ids: JudgedPart["ids"]): Promise<void> {
  if (ids.length === 0) return;
  await tx.query({
    name: "source-messages-write",
    text: `insert into source_messages (tenant, connector, id, digest)
           select $1, $2, * from unnest($3::text[], $4::text[])`,
    values: [at.tenant, at.connector, ids.map(({ id }) => id), ids.map(({ digest }) => digest)],
  });
}

/** The keys of each kind of record, each once. */
export function keysByRecord(
  records: readonly { readonly record: string; readonly key: string }[],
): Map<string, string[]> {
  const keys = new Map<string, Set<string>>();
  for (const { record, key } of records) keys.set(record, (keys.get(record) ?? new Set()).add(key));
  return new Map([...keys].map(([record, set]) => [record, [...set]]));
}

type BatchRecord = NewRecord & { readonly batch: string };

export async function writeRecords(tx: Queryable, at: SourceAt, records: readonly BatchRecord[]): Promise<void> {
  if (records.length === 0) return;
  const newest = records.filter(({ state }) => state === "latest");
  for (const [record, keys] of keysByRecord(newest)) {
    // oxlint-disable-next-line no-await-in-loop -- a source has few kinds of record, and one connection
    await tx.query({
      name: "source-records-supersede",
      text: `update source_records set state = 'superseded'
             where tenant = $1 and connector = $2 and record = $3 and key = any($4) and state = 'latest'`,
      values: [at.tenant, at.connector, record, keys],
    });
  }
  const column = <T>(pick: (record: BatchRecord) => T): T[] => records.map(pick);
  await tx.query({
    name: "source-records-write",
    text: `insert into source_records (tenant, connector, batch, number, item, record, key, version, as_of, value, digest,
                                       deleted, state, passage, words)
           select $1, $2, batch, number, item, record, key, version, to_timestamp(as_of / 1000), value, digest, deleted, state,
                  passage, case when passage is null then null else
                    setweight(to_tsvector(language::regconfig, title), 'A')
                    || setweight(to_tsvector(language::regconfig, headings), 'B')
                    || to_tsvector(language::regconfig, said) || array_to_tsvector(array[$14]) end
           from unnest($3::text[], $4::bigint[], $5::int[], $6::text[], $7::text[], $8::text[], $9::float8[], $10::text[],
                       $11::text[], $12::boolean[], $13::text[], $15::text[], $16::text[], $17::text[], $18::text[],
                       $19::text[])
             as r(batch, number, item, record, key, version, as_of, value, digest, deleted, state, passage, title, headings,
                  said, language)`,
    values: [
      at.tenant,
      at.connector,
      column(({ batch }) => batch),
      column(({ number }) => number),
      column(({ item }) => item),
      column(({ record }) => record),
      column(({ key }) => key),
      column(({ version }) => version ?? null),
      column(({ asOf }) => asOf ?? null),
      column(({ value, deleted }) => JSON.stringify(deleted ? null : value)),
      column(({ digest }) => digest),
      column(({ deleted }) => deleted),
      column(({ state }) => state),
      scopeWord(at),
      column(({ passage }) => passage?.hash ?? null),
      column(({ passage }) => passage?.title ?? null),
      column(({ passage }) => passage?.headings ?? null),
      column(({ passage }) => passage?.text ?? null),
      column(({ passage }) => passage?.language ?? null),
    ],
  });
}

type BatchFact = PushedFact & { readonly batch: string; readonly record: string; readonly recordKey: string };

/** Only of what is the newest now. Of a record that is gone the facts it brought have no value any more. */
export async function writeFacts(tx: Queryable, at: SourceAt, records: readonly BatchRecord[]): Promise<void> {
  const newest = records.filter(({ state }) => state === "latest");
  const facts = new Map<string, BatchFact>();
  for (const { facts: own, batch, record, key } of newest) {
    for (const fact of own) facts.set(`${fact.fact}\n${fact.key}`, { ...fact, batch, record, recordKey: key });
  }
  const gone = newest.filter(({ deleted }) => deleted);
  if (gone.length > 0) await clearFacts(tx, at, gone);
  if (facts.size === 0) return;
  const column = <T>(pick: (fact: BatchFact) => T): T[] => [...facts.values()].map(pick);
  await tx.query({
    name: "pushed-facts-write",
    text: `insert into pushed_facts as p (tenant, fact, key, value, source, version, as_of, batch, connector, record, record_key)
           select $1, fact, key, value, source, version, to_timestamp(as_of / 1000), batch, $2, record, record_key
           from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::float8[], $9::text[], $10::text[],
                       $11::text[])
             as r(fact, key, value, source, version, as_of, batch, record, record_key)
           on conflict (tenant, fact, key) do update
             set value = excluded.value, source = excluded.source, version = excluded.version, as_of = excluded.as_of,
                 batch = excluded.batch, connector = excluded.connector, record = excluded.record,
                 record_key = excluded.record_key, received_at = excluded.received_at
             where coalesce(excluded.as_of, excluded.received_at) >= coalesce(p.as_of, p.received_at)
                or (p.connector = excluded.connector and p.record = excluded.record)`,
    values: [
      at.tenant,
      at.connector,
      column(({ fact }) => fact),
      column(({ key }) => key),
      column(({ value }) => JSON.stringify(value)),
      column(({ source }) => source),
      column(({ version }) => version ?? null),
      column(({ asOf }) => asOf ?? null),
      column(({ batch }) => batch),
      column(({ record }) => record),
      column(({ recordKey }) => recordKey),
    ],
  });
}

async function clearFacts(tx: Queryable, at: SourceAt, gone: readonly BatchRecord[]): Promise<void> {
  for (const { record, key, version, asOf, batch } of gone) {
    // oxlint-disable-next-line no-await-in-loop -- one connection; and records go more rarely than they come
    await tx.query({
      name: "pushed-facts-clear",
      text: `update pushed_facts
             set value = 'null', version = $5, as_of = to_timestamp($6::float8 / 1000), batch = $7,
                 received_at = clock_timestamp()
             where tenant = $1 and connector = $2 and record = $3 and record_key = $4`,
      values: [at.tenant, at.connector, record, key, version ?? null, asOf ?? null, batch],
    });
  }
}

/** U+0000 is the one character that PostgreSQL's text cannot hold; only what could not be read has it. */
const storable = (value: HeldRecord["value"]): string =>
  JSON.stringify(value).replaceAll(String.raw`\u0000`, String.raw`\ufffd`);

async function writeHeld(
  tx: Queryable,
  at: SourceAt,
  held: readonly (HeldRecord & { readonly batch: string })[],
): Promise<void> {
  if (held.length === 0) return;
  const column = <T>(pick: (one: HeldRecord & { readonly batch: string }) => T): T[] => held.map(pick);
  await tx.query({
    name: "source-quarantine-write",
    text: `insert into source_quarantine (tenant, connector, id, batch, number, item, record, key, contract, contract_version,
                                          faults, value, readable, event_at, event_key, digest)
           select $1, $2, id, batch, number, item, record, key, contract, contract_version, faults, value, readable,
                  to_timestamp(event_at / 1000), event_key, digest
           from unnest($3::text[], $4::text[], $5::bigint[], $6::int[], $7::text[], $8::text[], $9::text[], $10::int[],
                       $11::text[], $12::text[], $13::boolean[], $14::float8[], $15::text[], $16::text[])
             as r(id, batch, number, item, record, key, contract, contract_version, faults, value, readable, event_at,
                  event_key, digest)`,
    values: [
      at.tenant,
      at.connector,
      column(() => newId("qrn")),
      column(({ batch }) => batch),
      column(({ number }) => number),
      column(({ item }) => item),
      column(({ record }) => record ?? null),
      column(({ key }) => key ?? null),
      column(({ contract }) => contract?.name ?? null),
      column(({ contract }) => contract?.version ?? null),
      column(({ faults }) => storable(faults.map((fault) => ({ ...fault })))),
      column(({ value }) => storable(value)),
      column(({ readable }) => readable),
      column(({ eventAt }) => eventAt ?? null),
      column(({ eventKey }) => eventKey ?? null),
      column(({ value }) => digestJson(value)),
    ],
  });
}

async function writeState(tx: Queryable, at: SourceAt, judged: readonly JudgedPart[]): Promise<void> {
  const sum = (pick: (one: JudgedPart) => number): number => judged.reduce((total, one) => total + pick(one), 0);
  const last = judged.at(-1)?.part;
  await tx.query({
    name: "source-state-write",
    text: `update source_state
           set records = records + $3, duplicates = duplicates + $4, late = late + $5, quarantined = quarantined + $6,
               held = held + $6, last_batch = coalesce($7, last_batch), last_at = clock_timestamp(),
               position = coalesce($8, position), lag = coalesce($9, lag), problem = null, problem_at = null
           where tenant = $1 and connector = $2`,
    values: [
      at.tenant,
      at.connector,
      sum(({ records }) => records.length),
      sum(({ duplicates }) => duplicates),
      sum(({ late }) => late),
      sum(({ held }) => held.length),
      last?.batch.id ?? null,
      last?.position ?? null,
      last?.lag ?? null,
    ],
  });
}
