/** Checks sources that bring records in, and contracts on the answers of the others. */
import type { ConnectorDocument, IngestConnector, RecordShape } from "@airworthy/contract";

import { isIngesting } from "../../kernel/is-ingesting.ts";
import { parsePath } from "../../kernel/path.ts";
import type { FindingCode } from "./finding-codes.ts";
import { report, reportTool } from "./link-index.ts";
import type { LinkedTool, LinkIndex } from "./link-index.ts";
import type { LoadedDocument } from "./load-documents.ts";
import { suggestName } from "./nearest-name.ts";
import type { DataPath } from "./place.ts";

type Source = LoadedDocument<ConnectorDocument> & { readonly document: IngestConnector };

export function linkSources(index: LinkIndex): void {
  for (const connector of index.connectors) if (isSource(connector)) linkRecords(index, connector);
  for (const linked of index.tools.values()) {
    linkContractOfTool(index, linked);
    if (isIngesting(linked.connector.document)) linkReading(index, linked, linked.connector.document);
  }
}

const isSource = (one: LoadedDocument<ConnectorDocument>): one is Source => isIngesting(one.document);

function linkRecords(index: LinkIndex, source: Source): void {
  const names = new Set<string>();
  const shapes: readonly RecordShape[] = source.document.records;
  // The time of a document is its file's, that of a mail its own or that of its arrival, always.
  const isTimed = source.document.type === "documents" || source.document.type === "mailbox";
  for (const [position, shape] of shapes.entries()) {
    const path = ["records", position];
    if (names.has(shape.record)) {
      say(index, source, { code: "AW1905", path: [...path, "record"], message: `"${shape.record}" is listed twice` });
    }
    names.add(shape.record);
    if (isMissing(index, shape.contract)) {
      const message = `there is no source contract "${shape.contract}"`;
      const hint = suggestName(shape.contract, index.names("SourceContract"));
      say(index, source, { code: "AW1901", path: [...path, "contract"], message, hint });
    }
    linkShapePaths(index, source, { shape, path });
    if (isTimed || shape.version !== undefined || shape.asOf !== undefined) continue;
    const message = `${shape.record} has neither version nor asOf: where its messages carry no time, what arrives later counts as newer`;
    say(index, source, { code: "AW1907", path: [...path, "record"], message });
  }
}

function linkShapePaths(
  index: LinkIndex,
  source: Source,
  { shape, path }: { readonly shape: RecordShape; readonly path: DataPath },
): void {
  const paths = [
    { at: ["each"], text: shape.each },
    { at: ["key"], text: shape.key },
    { at: ["version"], text: shape.version },
    { at: ["asOf"], text: shape.asOf },
    { at: ["deleted", "path"], text: shape.deleted?.path },
  ];
  for (const { at, text } of paths) {
    if (text === undefined || fits(text, { isEach: at[0] === "each", hasEach: shape.each !== undefined })) continue;
    const message = `"${text.slice(0, 60)}" is not a path that can stand here`;
    const hint = "begin with $ (the payload) or, below each, @ (the item); [*] stands in each only";
    say(index, source, { code: "AW1908", path: [...path, ...at], message, hint });
  }
}

function fits(text: string, { isEach, hasEach }: { readonly isEach: boolean; readonly hasEach: boolean }): boolean {
  try {
    const { root, steps } = parsePath(text);
    if (!isEach && steps.some(({ kind }) => kind === "all")) return false;
    return root === "$" || (hasEach && !isEach);
  } catch {
    return false;
  }
}

function linkContractOfTool(index: LinkIndex, linked: LinkedTool): void {
  const { contract, records, effect, name } = linked.tool;
  if (records !== undefined && contract === undefined) {
    const message = `${name} says where its records are, and no contract asks for them`;
    reportTool(index, { code: "AW1906", linked, path: ["records"] }, { message });
  }
  if (contract === undefined) return;
  const at = { linked, path: ["contract"] };
  if (effect === "write" || isIngesting(linked.connector.document)) {
    const why =
      effect === "write" ? "writes; what a write answers is not held back" : "reads records that were checked already";
    reportTool(index, { ...at, code: "AW1906" }, { message: `${name} ${why}` });
  }
  if (!isMissing(index, contract)) return;
  const message = `there is no source contract "${contract}"`;
  reportTool(index, { ...at, code: "AW1901" }, { message, hint: suggestName(contract, index.names("SourceContract")) });
}

function linkReading(index: LinkIndex, linked: LinkedTool, source: IngestConnector): void {
  const { tool } = linked;
  if (tool.effect === "write") {
    reportTool(
      index,
      { code: "AW1903", linked, path: ["effect"] },
      { message: `${tool.name} writes, and its source only brings in` },
    );
  }
  const { find, list } = "find" in tool || "list" in tool ? tool : {};
  const search = "search" in tool ? tool.search : undefined;
  const said = Object.entries({ search, find, list }).flatMap(([way, rule]) => (rule === undefined ? [] : way));
  if (said.length !== 1) {
    const ways = source.type === "documents" ? "search, find and list" : "find and list";
    const message = `${tool.name} says ${said.length === 0 ? `none of ${ways}` : said.join(" and ")}`;
    reportTool(index, { code: "AW1904", linked, path: ["name"] }, { message });
  }
  if (source.type !== "documents") linkRead(index, linked, { source, find, list });
}

type Reads = {
  readonly source: IngestConnector;
  readonly find: { readonly record: string } | undefined;
  readonly list: { readonly record: string } | undefined;
};

function linkRead(index: LinkIndex, linked: LinkedTool, { source, find, list }: Reads): void {
  const known = source.records.map(({ record }) => record);
  for (const [part, record] of [
    ["find", find?.record],
    ["list", list?.record],
  ] as const) {
    if (record === undefined || known.includes(record)) continue;
    const message = `${source.name} brings in no "${record}"`;
    reportTool(
      index,
      { code: "AW1902", linked, path: [part, "record"] },
      { message, hint: suggestName(record, known) },
    );
  }
}

const isMissing = (index: LinkIndex, contract: string): boolean =>
  index.complete && !index.names("SourceContract").has(contract);

function say(
  index: LinkIndex,
  source: Source,
  what: {
    readonly code: FindingCode;
    readonly path: DataPath;
    readonly message: string;
    readonly hint?: string | undefined;
  },
): void {
  report(index, { code: what.code, file: source.file, place: source.locator.value(what.path) }, what);
}
