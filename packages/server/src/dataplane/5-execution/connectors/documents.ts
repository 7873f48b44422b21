/** The connector for folders of documents: passages by their words or by their hash, and the documents themselves. */
import type { DocumentTool, Json, JsonObject } from "@airworthy/contract";

import type { ConnectorAnswer, ConnectorCall } from "../../../kernel/deps.ts";
import type { FormerPassage, FoundPassage, ListedDocument, SourceDocuments } from "../../../kernel/document-store.ts";
import { cleanText } from "../../../kernel/documents/clean-text.ts";
import { isJsonObject } from "../../../kernel/json.ts";
import { readAt } from "../../../kernel/read-at.ts";
import type { SourceAt, SourceRecords } from "../../../kernel/source-store.ts";

type Parts = { readonly documents: SourceDocuments; readonly records: Pick<SourceRecords, "caughtUpAt"> };
type Asked = { readonly at: SourceAt; readonly args: JsonObject; readonly language: string };

const passagesDefault = 5;
const documentsDefault = 100;
const queryMax = 1000;

export function createDocumentsConnector(parts: Parts): {
  readonly call: (call: ConnectorCall) => Promise<ConnectorAnswer>;
} {
  return {
    call: async ({ tool, tenant, arguments: args, snapshot }) => {
      const connector = snapshot.connectors[tool.connector];
      const language = (connector?.type === "documents" ? connector.language : undefined) ?? "simple";
      const asked: Asked = { at: { tenant, connector: tool.connector }, args, language };
      // Its connector is of documents, so its tools are.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const { search, find, list } = tool.definition as DocumentTool;
      if (search) return searchPassages(parts, asked, search);
      if (find) return findPassage(parts, asked, find.by);
      if (list) return listDocuments(parts, asked, list);
      return { kind: "unsent", detail: `${tool.name} says none of search, find and list.` };
    },
  };
}

async function searchPassages(
  { documents, records }: Parts,
  { at, args, language }: Asked,
  { query: queryPath, under, limit = passagesDefault }: NonNullable<DocumentTool["search"]>,
): Promise<ConnectorAnswer> {
  const said = readAt(queryPath, args);
  const query = typeof said === "string" ? cleanText(said).text.trim() : "";
  if (query === "" || query.length > queryMax) {
    return invalid(`${queryPath} must be the words to look for: a text of at most ${queryMax} characters.`);
  }
  const place = placeOf(under, args);
  if (place === notText) return invalid(`${under} must be a folder or a document: a text.`);
  // When everything was in is read first: what comes in between is then newer than we say, never older.
  const caughtUpAt = await records.caughtUpAt(at);
  const found = await documents.search(at, { query, under: place, limit, language });
  const passages = found.passages.map((one) => toHit(one, caughtUpAt));
  return { kind: "answered", result: { passages, match: found.match, more: found.more } };
}

async function findPassage({ documents, records }: Parts, { at, args }: Asked, by: string): Promise<ConnectorAnswer> {
  const hash = readAt(by, args);
  if (typeof hash !== "string" || !/^[0-9a-f]{64}$/.test(hash)) {
    return invalid(`${by} must be the hash of a passage: 64 hexadecimal digits.`);
  }
  const caughtUpAt = await records.caughtUpAt(at);
  const found = await documents.find(at, hash);
  if (found === undefined) {
    const detail = `${at.connector} knows no passage of this hash; those that are gone are forgotten after a while.`;
    return { kind: "rejected", code: "not_found", detail };
  }
  const result = "value" in found ? { state: "current", ...toHit(found, caughtUpAt) } : { hash, ...toFormer(found) };
  return { kind: "answered", result };
}

async function listDocuments(
  { documents, records }: Parts,
  { at, args }: Asked,
  { under, after, limit = documentsDefault }: NonNullable<DocumentTool["list"]>,
): Promise<ConnectorAnswer> {
  const from = after === undefined ? undefined : readAt(after, args);
  if (from !== undefined && typeof from !== "string")
    return invalid(`${after} must be the path to go on after: a text.`);
  const place = placeOf(under, args);
  if (place === notText) return invalid(`${under} must be a folder or a document: a text.`);
  const caughtUpAt = await records.caughtUpAt(at);
  const found = await documents.list(at, {
    under: place,
    after: from ?? "",
    limit: limit + 1,
  });
  const shown = found.slice(0, limit);
  const next = found.length > limit ? shown.at(-1)?.path : undefined;
  const result = {
    documents: shown.map((one) => toListed(one, caughtUpAt)),
    ...(next === undefined ? {} : { next }),
  };
  return { kind: "answered", result };
}

const invalid = (detail: string): ConnectorAnswer => ({ kind: "rejected", code: "invalid_arguments", detail });

const notText = Symbol("not a text");

/** What was meant for a part of the source must not search all of it. */
function placeOf(path: string | undefined, args: JsonObject): string | typeof notText | undefined {
  const said = path === undefined ? undefined : readAt(path, args);
  if (said === undefined) return undefined;
  if (typeof said !== "string") return notText;
  const place = said.replaceAll(/^(?:\.?\/)+|\/+$/g, "");
  return place === "" ? undefined : place;
}

/** Times as texts; `current` is the latest moment at which this is known to have been so. */
function timesOf(
  { asOf, receivedAt }: { readonly asOf: number | undefined; readonly receivedAt: number },
  caughtUpAt: number | undefined,
): JsonObject {
  const current = Math.max(asOf ?? 0, receivedAt, caughtUpAt ?? 0);
  return {
    ...(asOf === undefined ? {} : { asOf: timeText(asOf) }),
    current: timeText(current),
    receivedAt: timeText(receivedAt),
  };
}

function toHit({ value, batch, alsoIn, ...times }: FoundPassage, caughtUpAt: number | undefined): JsonObject {
  const passage: Record<string, Json> = isJsonObject(value) ? { ...value } : {};
  return { ...passage, ...timesOf(times, caughtUpAt), batch, ...(alsoIn === 0 ? {} : { alsoIn }) };
}

/** Without its text: what no longer holds must not be read as if it did. */
function toFormer({ state, document, path, since, now }: FormerPassage): JsonObject {
  return { state, document, path, since: timeText(since), ...(now === undefined ? {} : { now: { ...now } }) };
}

function toListed(
  { pages, asOf, receivedAt, ...document }: ListedDocument,
  caughtUpAt: number | undefined,
): JsonObject {
  return { ...document, ...(pages === undefined ? {} : { pages }), ...timesOf({ asOf, receivedAt }, caughtUpAt) };
}

const timeText = (ms: number): string => new Date(ms).toISOString();
