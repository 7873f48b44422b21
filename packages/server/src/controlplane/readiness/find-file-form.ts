/** Finds how files are written in what a file connector of a configuration folder says of them. */
import { AirworthyError, type FileConnector } from "@airworthy/contract";

import type { FileForm } from "../../kernel/records/read-formed.ts";
import { loadDocuments } from "../registry/load-documents.ts";
import { suggestName } from "../registry/nearest-name.ts";
import { readFolder } from "../registry/read-folder.ts";

/** @throws AirworthyError `not_found` without such a connector, `invalid_input` where it has errors. */
export async function findFileForm(name: string, configDir: string): Promise<FileForm> {
  const files = (await readFolder(configDir)).filter(({ path }) => /\.ya?ml$/.test(path));
  const { documents, declared, findings } = loadDocuments(files);
  const connectors = documents
    .map(({ document }) => document)
    .filter((document): document is FileConnector => document.kind === "Connector" && document.type === "file");
  const found = connectors.find((one) => one.name === name);
  if (found !== undefined) return formOf(found);
  const at = declared.find((one) => one.kind === "Connector" && one.name === name);
  const wrong = findings.find(({ file, severity }) => severity === "error" && file === at?.file);
  if (wrong !== undefined) {
    throw new AirworthyError("invalid_input", wrong.message, {
      place: `${wrong.file}:${wrong.line}:${wrong.column}`,
      fix: wrong.hint ?? "Run `airworthy check` for all findings with their places.",
    });
  }
  throw new AirworthyError("not_found", `There is no file connector ${name} in ${configDir}.`, {
    fix:
      suggestName(name, new Set(connectors.map((one) => one.name))) ??
      "Name one of type file, and its folder with --config.",
  });
}

function formOf(connector: FileConnector): FileForm {
  const { format, encoding, delimiter, columns, sheet, header, decimals, dates, whole } = connector;
  return { format, encoding, delimiter, columns, sheet, header, decimals, dates, trailer: whole?.trailer?.begins };
}
