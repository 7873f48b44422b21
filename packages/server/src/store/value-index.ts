/** The value index in the store: what each agent has read in the last day, found again by digest and by text. */
import type { ActionId, Json, ObservationId, Trust } from "@airworthy/contract";

import type { SealedReading } from "../kernel/action-walk.ts";
import type { Values } from "../kernel/deps.ts";
import { canonicalJson } from "../kernel/canonical.ts";
import { newId } from "../kernel/ids.ts";
import type { Hit, KnownNumber, KnownText, Source } from "../kernel/provenance/classify.ts";
import type { Reading } from "../kernel/provenance/reading.ts";
import type { Database } from "./database.ts";
import { noSuchTenant } from "./tenants.ts";
import { createValueCipher, type ValueCipher } from "./value-cipher.ts";

/** What was read longer ago is forgotten: its values then come from nowhere. */
const window = "interval '24 hours'";
const hitsMax = 2000;
/** Texts are fetched newest first, up to this many answers and sealed bytes. */
const textReadingsMax = 200;
const textBytesMax = 1_048_576;

type HitRow = {
  readonly digest: Buffer;
  readonly exact: Buffer;
  readonly path: string;
  readonly sort: string;
  readonly in_list: boolean;
  readonly trust: Trust;
} & ReadingRow;
type ReadingRow = {
  readonly id: ObservationId;
  readonly tool: string;
  readonly read_by: ActionId;
  readonly at: number;
};

export function createValues(db: Database): Values {
  const cipherOf = createCiphers(db);
  const opened: Opened = { kept: new Map(), bytes: 0 };
  return {
    seal: async (by, reading) => sealReading(await cipherOf(by.tenant), by, reading),
    ...keepTasks(db, cipherOf),
    find: async (who, asked) => findValues(db, { ...who, cipher: await cipherOf(who.tenant) }, asked),
    texts: async (who) => readTexts(db, { ...who, cipher: await cipherOf(who.tenant), opened }),
  };
}

type Ciphers = (tenant: string) => Promise<ValueCipher>;

function createCiphers(db: Database): Ciphers {
  const ciphers = new Map<string, Promise<ValueCipher>>();
  return (tenant) => {
    const known = ciphers.get(tenant) ?? readCipher(db, tenant);
    ciphers.set(tenant, known);
    // A failure is not remembered: the next caller asks again.
    known.catch(() => ciphers.delete(tenant));
    return known;
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

function keepTasks(db: Database, cipherOf: Ciphers): Pick<Values, "stateTask" | "taskOf"> {
  return {
    stateTask: async ({ tenant, principal, run }, task) => {
      const cipher = await cipherOf(tenant);
      await db.query({
        name: "task-state",
        text: `insert into run_tasks (tenant, principal, run, sealed) values ($1, $2, $3, $4) on conflict do nothing`,
        values: [tenant, principal, run, cipher.seal(task, placeOf(tenant, principal, run))],
      });
    },
    taskOf: async ({ tenant, principal, run }) => {
      const cipher = await cipherOf(tenant);
      const [row] = await db.query<{ sealed: Buffer }>({
        name: "task-read",
        text: "select sealed from run_tasks where tenant = $1 and principal = $2 and run = $3",
        values: [tenant, principal, run],
      });
      const task = row && cipher.open(row.sealed, placeOf(tenant, principal, run));
      return typeof task === "string" ? task : undefined;
    },
  };
}

type Finding = { readonly tenant: string; readonly principal: string; readonly cipher: ValueCipher };

async function findValues(
  db: Database,
  { tenant, principal, cipher }: Finding,
  asked: Parameters<Values["find"]>[1],
): Promise<readonly Hit[]> {
  const forms = new Map(asked.flatMap((one) => one.forms).map((form) => [hexOf(cipher.digest(form)), form]));
  if (forms.size === 0) return [];
  const exacts = new Set(asked.map(({ value }) => hexOf(cipher.digest(exactForm(value)))));
  const rows = await db.query<HitRow>({
    name: "value-find",
    text: `select i.digest, i.exact, i.path, i.sort, i.in_list, i.trust, ${readingColumns}
           from value_index i join value_readings r
             on r.tenant = i.tenant and r.principal = i.principal and r.id = i.reading
           where i.tenant = $1 and i.principal = $2 and i.digest = any($3::bytea[])
             and r.fetched_at > clock_timestamp() - ${window}
           order by r.fetched_at desc, i.place limit ${hitsMax}`,
    values: [tenant, principal, [...forms.keys()].map((digest) => Buffer.from(digest, "hex"))],
  });
  return rows.map((row) => {
    const { path, sort, in_list: inList, trust } = row;
    const form = forms.get(hexOf(row.digest)) ?? "";
    return { form, exact: exacts.has(hexOf(row.exact)), path, sort, inList, trust, source: sourceOf(row) };
  });
}

const hexOf = (bytes: Buffer): string => bytes.toString("hex");
const readingColumns = "r.id, r.tool, r.read_by, extract(epoch from r.fetched_at)::float8 * 1000 as at";
const sourceOf = ({ id, tool, read_by: readBy, at }: ReadingRow): Source => ({ id, tool, readBy, at });
const placeOf = (...parts: readonly string[]): string => JSON.stringify(parts);

type TextRow = ReadingRow & { readonly bytes: number; readonly overflow: boolean };

/** What was opened lately: answers do not change, and a busy agent has the same ones searched with every write. */
type Opened = { readonly kept: Map<string, SealedContent>; bytes: number };
const openedBytesMax = 33_554_432;

type Searching = {
  readonly tenant: string;
  readonly principal: string;
  readonly cipher: ValueCipher;
  readonly opened: Opened;
};

/** `overflow` where an answer was larger than is kept, or there were more answers than are searched. */
async function readTexts(db: Database, searching: Searching): ReturnType<Values["texts"]> {
  const { tenant, principal } = searching;
  const rows = await db.query<TextRow>({
    name: "value-texts",
    text: `(select ${readingColumns}, length(r.sealed) as bytes, false as overflow from value_readings r
            where r.tenant = $1 and r.principal = $2 and r.searchable and r.fetched_at > clock_timestamp() - ${window}
            order by r.fetched_at desc limit ${textReadingsMax + 1})
           union all
           (select ${readingColumns}, 0 as bytes, true as overflow from value_readings r
            where r.tenant = $1 and r.principal = $2 and r.overflow and r.fetched_at > clock_timestamp() - ${window}
            limit 1)`,
    values: [tenant, principal],
  });
  const texts: KnownText[] = [];
  const numbers: KnownNumber[] = [];
  const { taken, overflow } = takeSearched(rows);
  const contents = await openContents(db, searching, taken);
  for (const row of taken) {
    const content = contents.get(row.id);
    if (content) addContent(content, sourceOf(row), { texts, numbers });
  }
  // What cannot be opened may have held anything.
  return { texts, numbers, overflow: overflow || contents.size < taken.length };
}

function takeSearched(rows: readonly TextRow[]): { readonly taken: TextRow[]; readonly overflow: boolean } {
  const searchable = rows.filter((row) => !row.overflow);
  const taken: TextRow[] = [];
  let bytes = 0;
  for (const row of searchable.slice(0, textReadingsMax)) {
    bytes += row.bytes;
    if (bytes > textBytesMax) break;
    taken.push(row);
  }
  return { taken, overflow: rows.length > searchable.length || taken.length < searchable.length };
}

async function openContents(
  db: Database,
  { tenant, principal, cipher, opened }: Searching,
  rows: readonly TextRow[],
): Promise<ReadonlyMap<string, SealedContent>> {
  const keyOf = (id: string): string => placeOf(tenant, principal, id);
  const missing = rows.filter((row) => !opened.kept.has(keyOf(row.id)));
  const found = new Map(
    rows.flatMap((row) => {
      const content = opened.kept.get(keyOf(row.id));
      return content ? [[String(row.id), content] as const] : [];
    }),
  );
  if (missing.length === 0) return found;
  const fetched = await db.query<{ id: string; sealed: Buffer }>({
    name: "value-texts-fetch",
    text: "select id, sealed from value_readings where tenant = $1 and principal = $2 and id = any($3)",
    values: [tenant, principal, missing.map((row) => row.id)],
  });
  for (const { id, sealed } of fetched) {
    const content = cipher.open(sealed, keyOf(id)) as SealedContent | undefined;
    if (content === undefined) continue;
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

function addContent(
  { t, n }: SealedContent,
  source: Source,
  into: { readonly texts: KnownText[]; readonly numbers: KnownNumber[] },
): void {
  for (const [path, trust, text] of t) into.texts.push({ path, trust, text, source });
  for (const [path, trust, number] of n) into.numbers.push({ path, trust, number, source });
}

async function readCipher(db: Database, tenant: string): Promise<ValueCipher> {
  const [row] = await db.query<{ digest_key: Buffer }>({
    text: "select digest_key from tenants where tenant = $1",
    values: [tenant],
  });
  if (!row) throw noSuchTenant(tenant);
  return createValueCipher(row.digest_key);
}
