/** Reads the records out of one message of a source, and holds each against its contract. */
import type {
  IngestConnector,
  Json,
  JsonObject,
  RecordShape,
  Snapshot,
  SourceContractDocument,
  YieldRule,
} from "@airworthy/contract";

import { digestJson, sha256Hex } from "../canonical.ts";
import { passageHash } from "../documents/passage-hash.ts";
import { isIdentifier } from "../identifier.ts";
import { isJsonArray, isJsonObject } from "../json.ts";
import { type Path, parsePath, readEach, readPath } from "../path.ts";
import { readTime } from "../read-time.ts";
import type { HeldRecord, IncomingRecord, PushedFact, ReadMessage } from "../source-store.ts";
import { extractFacts } from "../yields.ts";
import { createRecordChecker, type RecordChecker } from "./check-record.ts";
import { flattenRecord } from "./flatten-record.ts";
import { toFoundRecord } from "./found-record.ts";
import { showValue } from "./show-value.ts";
import { typeRecord } from "./type-record.ts";
import { wholeMessage } from "./hide-classed.ts";

/** One message as its transport gives it: an event, a message of a stream, a row of a file. Times in epoch ms. */
export type Message = {
  /** Its place in the batch, from 1. */
  readonly number: number;
  /** The sender's id: a second message of the same id is a repetition. */
  readonly id?: string;
  /** Of what the sender sent, where the payload says more than that, such as where it was found. */
  readonly digest?: string;
  /** Event type, subject or topic. */
  readonly type?: string;
  /** What names the record where its payload does not. */
  readonly key?: string;
  readonly time?: number;
  /** The message says by its form that the record of its key is gone. */
  readonly deleted?: boolean;
} & (
  | { readonly payload: Json }
  /** What could not be read, as text, and why. */
  | { readonly unreadable: string; readonly why: string }
);

export type MessageReader = (message: Message, batch: string) => ReadMessage;

type Shape = {
  readonly shape: RecordShape;
  readonly contract: SourceContractDocument;
  readonly check: RecordChecker;
  readonly types: RegExp | undefined;
  readonly paths: { readonly [Name in "each" | "key" | "version" | "asOf" | "deleted"]: Path | undefined };
  readonly yields: readonly { readonly tool: string; readonly rules: readonly YieldRule[] }[];
  /** Of documents: in which language their words are found. */
  readonly language: string | undefined;
};
type Options = {
  /** Whether the source knows text only, as CSV does. The contract's types are then given to the values. */
  readonly untyped: boolean;
  /** Epoch ms by the database's clock. */
  readonly now: () => number;
};

/** Past this a source's clock is wrong, and what it dates would outlast everything that comes after. */
const skewMs = 60_000;
const numbered = /^\d{1,18}$/;

/** Everything is prepared once for a connector of a snapshot. A contract that is not there holds all records back. */
export function createMessageReader(snapshot: Snapshot, connector: IngestConnector, options: Options): MessageReader {
  const shapes = connector.records.flatMap((shape): Shape[] => {
    const contract = snapshot.contracts[shape.contract];
    return contract === undefined ? [] : [prepare(snapshot, connector, { shape, contract, untyped: options.untyped })];
  });
  const ignore = "ignore" in connector ? connector.ignore : undefined;
  const ignored = ignore === undefined ? undefined : compileTypes(ignore);
  return (message, batch) => {
    const read: Read = { batch, records: [], held: [], message, options };
    if (!("payload" in message)) {
      const faults = [{ field: wholeMessage, expected: message.why, found: showValue(message.unreadable) }];
      hold(read, { item: 0, faults, value: message.unreadable, readable: false });
    } else {
      const fitting = shapes.filter(({ types }) => types === undefined || types.test(message.type ?? ""));
      for (const shape of fitting) readShape(read, shape, message.payload);
      if (fitting.length === 0 && ignored?.test(message.type ?? "") !== true) holdUnknown(read, connector);
    }
    const { number, id } = message;
    const content =
      message.digest ?? ("payload" in message ? digestJson(message.payload) : sha256Hex(message.unreadable));
    return { number, ...(id === undefined ? {} : { id }), digest: content, records: read.records, held: read.held };
  };
}

/** A record as a person releases it: its contract is not asked, all else must be there. */
export function readReleased(
  snapshot: Snapshot,
  connector: IngestConnector,
  released: {
    readonly record: string;
    readonly value: Json;
    readonly message: Message;
    readonly batch: string;
    readonly now: () => number;
  },
): IncomingRecord | { readonly faults: HeldRecord["faults"] } {
  const { record, value, message, batch, now } = released;
  const shape = connector.records.find((one) => one.record === record);
  const contract = shape && snapshot.contracts[shape.contract];
  if (!shape || !contract) {
    return {
      faults: [{ field: "(record)", expected: "a record that the connector still has", found: showValue(record) }],
    };
  }
  const prepared = { ...prepare(snapshot, connector, { shape, contract, untyped: false }), check: () => [] };
  const read: Read = { batch, records: [], held: [], message, options: { untyped: false, now } };
  readItem(read, prepared, { root: value, item: value, at: 0 });
  return read.records[0] ?? { faults: read.held[0]?.faults ?? [] };
}

type Read = {
  readonly batch: string;
  readonly message: Message;
  readonly options: Options;
  readonly records: IncomingRecord[];
  readonly held: HeldRecord[];
};

function prepare(
  snapshot: Snapshot,
  connector: IngestConnector,
  {
    shape,
    contract,
    untyped,
  }: { readonly shape: RecordShape; readonly contract: SourceContractDocument; readonly untyped: boolean },
): Shape {
  const optional = (text: string | undefined): Path | undefined => (text === undefined ? undefined : parsePath(text));
  const isDocuments = connector.type === "documents";
  // A passage never changes, so it outdates nothing that was believed of it.
  const tools = isDocuments ? [] : Object.values(snapshot.tools).filter((tool) => tool.connector === connector.name);
  return {
    language: isDocuments ? (connector.language ?? "simple") : undefined,
    shape,
    contract,
    check: createRecordChecker(contract, untyped),
    types: shape.types === undefined ? undefined : compileTypes(shape.types),
    paths: {
      each: optional(shape.each),
      key: optional(shape.key),
      version: optional(shape.version),
      asOf: optional(shape.asOf),
      deleted: optional(shape.deleted?.path),
    },
    yields: tools.flatMap(({ name, definition }) => {
      const finds = "find" in definition && definition.find?.record === shape.record;
      return finds && definition.yields ? [{ tool: name, rules: definition.yields }] : [];
    }),
  };
}

function compileTypes(types: readonly string[]): RegExp {
  const alternatives = types.map((type) =>
    type
      .split("*")
      .map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`))
      .join(".*"),
  );
  return new RegExp(`^(?:${alternatives.join("|")})$`, "su");
}

function readShape(read: Read, shape: Shape, payload: Json): void {
  if (read.message.deleted === true) return readTombstone(read, shape);
  const { each } = shape.paths;
  if (each === undefined)
    return readItem(read, shape, { root: payload, item: payload, at: read.records.length + read.held.length });
  const listed = each.steps.some(({ kind }) => kind === "all") || isJsonArray(readPath(each, { root: payload }));
  if (!listed) {
    const faults = [
      { field: each.text, expected: "a list of records", found: showValue(readPath(each, { root: payload })) },
    ];
    return hold(read, {
      item: read.records.length + read.held.length,
      record: shape.shape.record,
      faults,
      value: payload,
      readable: true,
    });
  }
  for (const item of readEach(each, payload)) {
    readItem(read, shape, { root: payload, item, at: read.records.length + read.held.length });
  }
}

function readTombstone(read: Read, shape: Shape): void {
  const { number, key, time } = read.message;
  const { record } = shape.shape;
  const asOf = time === undefined ? {} : { asOf: time };
  if (key !== undefined && isIdentifier(key)) {
    read.records.push({
      number,
      item: read.records.length,
      record,
      key,
      ...asOf,
      value: null,
      deleted: true,
      facts: [],
    });
  } else {
    const faults = [{ field: "(key)", expected: "the key of what is gone", found: showValue(key) }];
    hold(read, { item: read.held.length, record, faults, value: null, readable: true });
  }
}

type Scope = { readonly root: Json; readonly item: Json; readonly at: number };
type Fault = HeldRecord["faults"][number];

function readItem(read: Read, shape: Shape, scope: Scope): void {
  const { item, at } = scope;
  const { record } = shape.shape;
  const contract = { name: shape.contract.name, version: shape.contract.version };
  const base = { item: at, record, contract, value: item, readable: true };
  if (!isJsonObject(item)) {
    const faults = [{ field: "(record)", expected: "an object", found: showValue(item) }];
    return hold(read, { ...base, faults });
  }
  const key = keyOf(read.message, shape, scope);
  const faults: Fault[] = typeof key === "string" ? [] : [key];
  const deleted = isDeleted(shape, scope);
  if (!deleted) faults.push(...contractFaults(read, shape, item));
  const age = readAge(read, shape, scope);
  faults.push(...age.faults);
  if (faults.length > 0 || typeof key !== "string") {
    return hold(read, { ...base, ...(typeof key === "string" ? { key } : {}), faults });
  }
  const value = deleted ? null : read.options.untyped ? typeRecord(shape.contract, item) : item;
  const known = { record, key, ...age.stated, value };
  const facts = deleted ? [] : readFacts(read, shape, known);
  const taken = { number: read.message.number, item: at, ...known, deleted, facts };
  if (shape.language === undefined) read.records.push(taken);
  else takePassage(read, { taken, item, base: { ...base, key } }, shape.language);
}

type Held = Omit<HeldRecord, "number" | "eventAt" | "eventKey" | "faults">;

/** A person who releases a passage may have changed it: a citation must name what is there. */
function takePassage(
  read: Read,
  { taken, item, base }: { readonly taken: IncomingRecord; readonly item: JsonObject; readonly base: Held },
  language: string,
): void {
  const { hash, title, headings, text } = item;
  if (typeof hash !== "string" || typeof text !== "string" || hash !== passageHash(text)) {
    const found = { field: "hash", expected: "the hash of its text", found: showValue(hash) };
    return hold(read, { ...base, faults: [found] });
  }
  const above = headings !== undefined && isJsonArray(headings) ? headings.map(String).join("\n") : "";
  const passage = { hash, title: typeof title === "string" ? title : "", headings: above, text, language };
  read.records.push({ ...taken, passage });
}

function contractFaults(read: Read, shape: Shape, item: JsonObject): Fault[] {
  const record = { number: read.message.number, ...flattenRecord(item), raw: undefined };
  return shape.check(record).map(({ field, expected, found }) => ({ field, expected, found }));
}

function keyOf(message: Message, { paths }: Shape, scope: Scope): string | Fault {
  const stated = paths.key === undefined ? message.key : readPath(paths.key, scope);
  const key = typeof stated === "number" && Number.isSafeInteger(stated) ? String(stated) : stated;
  if (typeof key === "string" && isIdentifier(key)) return key;
  return {
    field: paths.key?.text ?? "(key)",
    expected: "a key, a short text on one line or a whole number",
    found: showValue(stated),
  };
}

function isDeleted({ shape, paths }: Shape, scope: Scope): boolean {
  return (
    shape.deleted !== undefined && paths.deleted !== undefined && readPath(paths.deleted, scope) === shape.deleted.is
  );
}

type Age = {
  readonly stated: { readonly version?: string; readonly asOf?: number };
  readonly faults: readonly Fault[];
};

/** What is declared must be there: without it, older could not be told from newer. */
function readAge(read: Read, shape: Shape, scope: Scope): Age {
  const [version, asOf] = [readVersion(shape, scope), readMoment(read, shape, scope)];
  return {
    stated: {
      ...(version !== undefined && "is" in version ? { version: version.is } : {}),
      ...(asOf !== undefined && "is" in asOf ? { asOf: asOf.is } : {}),
    },
    faults: [version, asOf].flatMap((one) => (one !== undefined && "expected" in one ? [one] : [])),
  };
}

function readVersion({ paths }: Shape, scope: Scope): { readonly is: string } | Fault | undefined {
  if (!paths.version) return undefined;
  const said = readPath(paths.version, scope);
  const version = typeof said === "number" || typeof said === "string" ? String(said).trim() : "";
  if (numbered.test(version)) return { is: version };
  return { field: paths.version.text, expected: "a whole number that rises with each change", found: showValue(said) };
}

function readMoment(
  { message, options }: Read,
  { paths }: Shape,
  scope: Scope,
): { readonly is: number } | Fault | undefined {
  const field = paths.asOf?.text ?? "(time)";
  const said = paths.asOf && readPath(paths.asOf, scope);
  const stated = said === undefined || said === null ? undefined : readTime(said);
  if (paths.asOf && stated === undefined) {
    return { field, expected: "a time with its offset", found: showValue(said) };
  }
  const moment = stated ?? message.time;
  if (moment === undefined) return undefined;
  if (moment <= options.now() + skewMs) return { is: moment };
  return { field, expected: "a time that is not in the future", found: new Date(moment).toISOString() };
}

type Known = {
  readonly record: string;
  readonly key: string;
  readonly value: Json;
  readonly version?: string;
  readonly asOf?: number;
};

/** The same rules, over the same answer, as when an agent reads the record: the two cannot differ. */
function readFacts({ batch, options }: Read, { yields }: Shape, known: Known): PushedFact[] {
  if (yields.length === 0) return [];
  const now = options.now();
  const result = toFoundRecord({ version: undefined, asOf: undefined, ...known, receivedAt: now, batch }, undefined);
  return yields.flatMap(({ tool, rules }) =>
    extractFacts(rules, { result, fetchedAt: now, mcp: false })
      .filter(({ problem }) => problem !== "wrong_type")
      .map(({ fact, key, value }) => ({
        fact,
        key,
        value,
        source: tool,
        ...(known.asOf === undefined ? {} : { asOf: Math.min(known.asOf, now) }),
        ...(known.version === undefined ? {} : { version: known.version }),
      })),
  );
}

function hold(read: Read, held: Omit<HeldRecord, "number" | "eventAt" | "eventKey">): void {
  const { number, time, key } = read.message;
  const event = { ...(time === undefined ? {} : { eventAt: time }), ...(key === undefined ? {} : { eventKey: key }) };
  read.held.push({ number, ...held, ...event });
}

function holdUnknown(read: Read, connector: IngestConnector): void {
  const { message } = read;
  const shapes: readonly RecordShape[] = connector.records;
  const known = shapes.flatMap(({ types = [] }) => types).slice(0, 5);
  const expected = known.length === 0 ? "a record with a contract" : `one of ${known.join(", ")}`;
  const faults = [{ field: "(type)", expected, found: showValue(message.type) }];
  hold(read, { item: 0, faults, value: "payload" in message ? message.payload : null, readable: true });
}
