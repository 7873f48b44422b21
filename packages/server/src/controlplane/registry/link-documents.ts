/** Checks folders of documents: the contract must be one that passages can keep. */
import type { ConnectorDocument, DocumentsConnector, SourceContractDocument } from "@airworthy/contract";

import { report } from "./link-index.ts";
import type { LinkIndex } from "./link-index.ts";
import type { LoadedDocument } from "./load-documents.ts";
import { suggestName } from "./nearest-name.ts";

/** What a passage has, always or where its document has it. */
const passageFields = ["hash", "document", "path", "title", "format", "headings", "page", "ordinal", "text", "hidden"];
const defaultLength = 1500;

export function linkDocumentFolders(index: LinkIndex): void {
  for (const source of index.connectors) {
    const { document } = source;
    if (document.type !== "documents") continue;
    const contract = index.contracts.find((one) => one.document.name === document.records[0]?.contract);
    if (contract === undefined) continue;
    linkContract(index, contract);
    linkLength(index, source, { document, contract: contract.document });
  }
}

function linkContract(index: LinkIndex, { document, file, locator }: LoadedDocument<SourceContractDocument>): void {
  for (const [position, { name, nullable }] of document.fields.entries()) {
    if (nullable || passageFields.includes(name)) continue;
    const message = `${document.name} asks for "${name}", which no passage has`;
    const place = locator.value(["fields", position, "name"]);
    report(index, { code: "AW1961", file, place }, { message, hint: suggestName(name, new Set(passageFields)) });
  }
  if (document.unlisted === "ignore") return;
  const listed = new Set(document.fields.map(({ name }) => name));
  const missing = passageFields.filter((name) => !listed.has(name));
  if (missing.length === 0) return;
  const message = `${document.name} does not list ${missing.join(", ")}, so every passage would be held back`;
  report(index, { code: "AW1962", file, place: locator.value(["fields"]) }, { message });
}

function linkLength(
  index: LinkIndex,
  { file, locator }: LoadedDocument<ConnectorDocument>,
  { document, contract }: { readonly document: DocumentsConnector; readonly contract: SourceContractDocument },
): void {
  const length = document.passageLength ?? defaultLength;
  const most = contract.fields.find(({ name }) => name === "text")?.maxLength;
  if (most === undefined || most >= length) return;
  const message = `passages may be ${length} characters long, and ${contract.name} takes ${most}`;
  const place = locator.value([document.passageLength === undefined ? "records" : "passageLength"]);
  report(index, { code: "AW1963", file, place }, { message });
}
