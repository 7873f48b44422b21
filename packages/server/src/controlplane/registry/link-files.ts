/** Checks sources that are files in a folder: what is said of their form must fit together. */
import type { ConnectorDocument, FileConnector } from "@airworthy/contract";

import { report } from "./link-index.ts";
import type { LinkIndex } from "./link-index.ts";
import type { LoadedDocument } from "./load-documents.ts";
import { suggestName } from "./nearest-name.ts";

export function linkFiles(index: LinkIndex): void {
  for (const source of index.connectors) {
    const { document } = source;
    if (document.type !== "file") continue;
    linkForm(index, source, document);
    linkSheet(index, source, document);
    linkProxy(index, source, document);
  }
}

function linkForm(
  index: LinkIndex,
  { locator, file }: LoadedDocument<ConnectorDocument>,
  document: FileConnector,
): void {
  const { format, columns, whole, records } = document;
  if ((format === "fixed") !== (columns !== undefined)) {
    const message = columns === undefined ? "fixed width, and no columns are said" : "only fixed width has columns";
    const place = locator.value([columns === undefined ? "format" : "columns"]);
    report(index, { code: "AW1952", file, place }, { message });
  }
  const of = whole?.trailer?.total?.of;
  const contract = index.contracts.find((one) => one.document.name === records[0]?.contract);
  if (of === undefined || contract === undefined) return;
  const fields = contract.document.fields.map((field) => field.name);
  if (fields.includes(of)) return;
  const message = `${contract.document.name} has no field "${of}"`;
  const place = locator.value(["whole", "trailer", "total", "of"]);
  report(index, { code: "AW1953", file, place }, { message, hint: suggestName(of, new Set(fields)) });
}

/** What a sheet has and texts have not, and the other way round. */
function linkSheet(
  index: LinkIndex,
  { locator, file }: LoadedDocument<ConnectorDocument>,
  document: FileConnector,
): void {
  const isSheet = (document.format ?? (/\.xlsx$/i.test(document.files) ? "xlsx" : undefined)) === "xlsx";
  for (const key of isSheet ? (["encoding", "delimiter"] as const) : (["sheet", "header"] as const)) {
    if (document[key] === undefined) continue;
    const message = isSheet ? `XLSX has no ${key}` : `only XLSX has a ${key}`;
    report(index, { code: "AW1980", file, place: locator.key([key]) }, { message });
  }
}

function linkProxy(
  index: LinkIndex,
  { locator, file }: LoadedDocument<ConnectorDocument>,
  { proxy, sftp }: FileConnector,
): void {
  if (proxy === undefined || sftp !== undefined) return;
  report(
    index,
    { code: "AW1951", file, place: locator.value(["proxy"]) },
    { message: "a folder that is here needs no proxy" },
  );
}
