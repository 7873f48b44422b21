/** The value index in the store: what each agent has read in the last day, found again by digest and by text. */
import type { ActionId, Json, ObservationId, Trust } from "@airworthy/contract";

import type { SealedReading } from "../kernel/action-walk.ts";
import type { Values } from "../kernel/deps.ts";
import { canonicalJson } from "../kernel/canonical.ts";
import { newId } from "../kernel/ids.ts";
import { type Known, type KnownNumber, knownText, type KnownText, type Source } from "../kernel/provenance/classify.ts";
import type { Reading } from "../kernel/provenance/reading.ts";
import type { Database } from "./database.ts";
import { createTenantCiphers } from "./tenant-ciphers.ts";
import type { ValueCipher } from "./value-cipher.ts";

/** What was read longer ago is forgotten: its values then come from nowhere. */
const window = "interval '24 hours'";
const hitsMax = 2000;
/** Texts are fetched newest first, up to this many answers and sealed bytes. */
const textReadingsMax = 200;
const textBytesMax = 1_048_576;

type HitRow = {
  readonly kind: "hit";
  readonly id: ObservationId;
  readonly tool: string;
  readonly read_by: ActionId;
  readonly at: number;
  readonly digest: Buffer;
  readonly exact: Buffer;
  readonly path: string;
  readonly sort: string;
  readonly in_list: boolean;
  readonly trust: Trust;
};
/** The answers with texts, as one JSON text: two hundred rows with every write would cost more than all the rest. */
type TextsRow = { readonly kind: "texts"; readonly texts: string };
type TextReading = readonly [id: ObservationId, tool: string, readBy: ActionId, at: number, bytes: number];
type TaskRow = { readonly kind: "task"; readonly sealed: Buffer };
type Row = HitRow | TextsRow | TaskRow | { readonly kind: "overflow" };

export function createValues(db: Database): Values {
  const cipherOf = createTenantCiphers(db);
  const opened: Opened = { kept: new Map(), bytes: 0 };
  return {
    seal: async (by, reading) => sealReading(await cipherOf(by.tenant), by, reading),
    stateTask: async ({ tenant, principal, run }, task) => {
      const cipher = await cipherOf(tenant);
      await db.query({
        name: "task-state",
        text: `insert into run_tasks (tenant, principal, run, sealed) values ($1, $2, $3, $4) on conflict do nothing`,
        values: [tenant, principal, run, cipher.seal(task, placeOf(tenant, principal, run))],
      });
    },
    look: async (by, asked) => look(db, { ...by, cipher: await cipherOf(by.tenant), opened }, asked),
  };
}

function sealReading(
  cipher: ValueCipher,
  { tenant, principal, tool, readBy }: Parameters<Values["seal"]>[0],
  reading: Reading,
): SealedReading {
  const id = newId("obs");
  return {
    id,
    principal,
    tool,
    readBy,
    overflow: reading.overflow,
    searchable: reading.texts.length + reading.numbers.length > 0,
    sealed: cipher.seal(sealedContent(reading), placeOf(tenant, principal, id)),
    values: reading.values.flatMap(({ forms, value, path, sort, inList, trust }) => {
      const exact = cipher.digest(exactForm(value));
      return forms.map((form) => ({ digest: cipher.digest(form), exact, path, sort, inList, trust }));
    }),
  };
}

const exactForm = (value: Json): string => `e:${canonicalJson(value)}`;

/** What was opened lately: answers do not change, and a busy agent has the same ones searched with every write. */
type Opened = { readonly kept: Map<string, OpenedContent>; bytes: number };
type OpenedContent = { readonly texts: readonly KnownText[]; readonly numbers: readonly KnownNumber[] };
/** Of sealed bytes; a text that has been searched takes about three times as much. */
const openedBytesMax = 16_777_216;

type Looking = {
  readonly tenant: string;
  readonly principal: string;
  readonly run: string | undefined;
  readonly cipher: ValueCipher;
  readonly opened: Opened;
};

/** One statement for all that is asked of every write; only texts that were not opened lately take a second. */
async function look(db: Database, looking: Looking, asked: Parameters<Values["look"]>[1]): Promise<Known> {
  const { tenant, principal, run, cipher } = looking;
  const forms = new Map(asked.flatMap((one) => one.forms).map((form) => [hexOf(cipher.digest(form)), form]));
  const rows = await db.query<Row>({
    name: "value-look",
    text: lookText,
    values: [tenant, principal, [...forms.keys()].map((digest) => Buffer.from(digest, "hex")), run],
  });
  const exacts = new Set(asked.map(({ value }) => hexOf(cipher.digest(exactForm(value)))));
  const task = rows.find((row) => row.kind === "task");
  const opened = task && run !== undefined ? cipher.open(task.sealed, placeOf(tenant, principal, run)) : undefined;
  const listed = rows.find((row) => row.kind === "texts");
  const texts = await readTexts(db, looking, listed ? (JSON.parse(listed.texts) as TextReading[]) : []);
  return {
    ...texts,
    task: typeof opened === "string" ? opened : undefined,
    hits: rows
      .filter((row) => row.kind === "hit")
      .map((row) => {
        const { path, sort, in_list: inList, trust } = row;
        const form = forms.get(hexOf(row.digest)) ?? "";
        return { form, exact: exacts.has(hexOf(row.exact)), path, sort, inList, trust, source: sourceOf(row) };
      }),
    overflow: texts.overflow || rows.some((row) => row.kind === "overflow"),
  };
}

const readingColumns = "r.id, r.tool, r.read_by, extract(epoch from r.fetched_at)::float8 * 1000";
const recentReadings = `r.tenant = $1 and r.principal = $2 and r.fetched_at > clock_timestamp() - ${window}`;
const lookText = `
  (select 'hit' as kind, ${readingColumns} as at, i.digest, i.exact, i.path, i.sort, i.in_list, i.trust,
          null as texts, null::bytea as sealed
   from value_index i join value_readings r on r.tenant = i.tenant and r.principal = i.principal and r.id = i.reading
   where i.tenant = $1 and i.principal = $2 and i.digest = any($3::bytea[]) and ${recentReadings}
   order by r.fetched_at desc, i.place limit ${hitsMax})
  union all
  (select 'texts', null, null, null, null, null, null, null, null, null, null, coalesce(json_agg(t.reading), '[]')::text, null
   from (select json_build_array(${readingColumns}, length(r.sealed)) as reading
         from value_readings r where ${recentReadings} and r.searchable
         order by r.fetched_at desc limit ${textReadingsMax + 1}) t)
  union all
  (select 'overflow', ${readingColumns}, null, null, null, null, null, null, null, null
   from value_readings r where ${recentReadings} and r.overflow limit 1)
  union all
  (select 'task', null, null, null, null, null, null, null, null, null, null, null, t.sealed
   from run_tasks t where t.tenant = $1 and t.principal = $2 and t.run = $4)`;

const hexOf = (bytes: Buffer): string => bytes.toString("hex");
const sourceOf = ({ id, tool, read_by: readBy, at }: HitRow): Source => ({ id, tool, readBy, at });
const placeOf = (...parts: readonly string[]): string => JSON.stringify(parts);

async function readTexts(
  db: Database,
  looking: Looking,
  readings: readonly TextReading[],
): Promise<Pick<Known, "texts" | "numbers" | "overflow">> {
  const taken = takeSearched(readings);
  const contents = await openContents(db, looking, taken);
  const found = taken.flatMap(([id]) => contents.get(id) ?? []);
  return {
    texts: found.flatMap((content) => content.texts),
    numbers: found.flatMap((content) => content.numbers),
    // What is not searched, or cannot be opened, may have held anything.
    overflow: contents.size < readings.length,
  };
}

/** The newest, up to the bounds. */
function takeSearched(readings: readonly TextReading[]): TextReading[] {
  let sum = 0;
  return readings.slice(0, textReadingsMax).filter(([, , , , bytes]) => {
    sum += bytes;
    return sum <= textBytesMax;
  });
}

async function openContents(
  db: Database,
  { tenant, principal, cipher, opened }: Looking,
  readings: readonly TextReading[],
): Promise<ReadonlyMap<string, OpenedContent>> {
  const keyOf = (id: string): string => placeOf(tenant, principal, id);
  const found = new Map<string, OpenedContent>();
  const missing = new Map<string, Source>();
  for (const [id, tool, readBy, at] of readings) {
    const content = opened.kept.get(keyOf(id));
    if (content) found.set(id, content);
    else missing.set(id, { id, tool, readBy, at });
  }
  if (missing.size === 0) return found;
  const fetched = await db.query<{ id: string; sealed: Buffer }>({
    name: "value-texts-fetch",
    text: "select id, sealed from value_readings where tenant = $1 and principal = $2 and id = any($3)",
    values: [tenant, principal, [...missing.keys()]],
  });
  for (const { id, sealed } of fetched) {
    const unsealed = cipher.open(sealed, keyOf(id)) as SealedContent | undefined;
    const source = missing.get(id);
    if (unsealed === undefined || source === undefined) continue;
    const content = contentOf(unsealed, source);
    found.set(id, content);
    if (opened.bytes + sealed.length > openedBytesMax) {
      opened.kept.clear();
      opened.bytes = 0;
    }
    opened.kept.set(keyOf(id), content);
    opened.bytes += sealed.length;
  }
  return found;
}

type SealedContent = {
  readonly t: readonly (readonly [path: string, trust: Trust, text: string])[];
  readonly n: readonly (readonly [path: string, trust: Trust, number: number])[];
};
function sealedContent({ texts, numbers }: Reading): Json {
  return {
    t: texts.map(({ path, trust, text }) => [path, trust, text]),
    n: numbers.map(({ path, trust, number }) => [path, trust, number]),
  };
}

function contentOf({ t, n }: SealedContent, source: Source): OpenedContent {
  return {
    texts: t.map(([path, trust, text]) => knownText({ path, trust, text, source })),
    numbers: n.map(([path, trust, number]) => ({ path, trust, number, source })),
  };
}
