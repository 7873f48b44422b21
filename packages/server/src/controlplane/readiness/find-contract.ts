/** Finds a source contract by its name in a configuration folder, or in one file, and refuses one that is not sound. */
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";

import { AirworthyError } from "@airworthy/contract";
import type { ConfigFile, SourceContractDocument } from "@airworthy/contract";

import { linkDocuments } from "../registry/link.ts";
import { loadDocuments } from "../registry/load-documents.ts";
import { suggestName } from "../registry/nearest-name.ts";
import { readFolder } from "../registry/read-folder.ts";

/** @throws AirworthyError `not_found` without such a contract, `invalid_input` when it has errors. */
export async function findContract(
  nameOrFile: string,
  configDir: string,
  cwd: string,
): Promise<SourceContractDocument> {
  const file = resolve(cwd, nameOrFile);
  const isFile = await stat(file)
    .then((found) => found.isFile())
    .catch(() => false);
  const files = isFile ? [{ path: nameOrFile, text: await readFile(file, "utf8") }] : await readFolder(configDir);
  const loaded = contractsIn(files);
  const chosen = isFile ? loaded[0] : loaded.find(({ name }) => name === nameOrFile);
  if (chosen !== undefined) return chosen;
  const names = loaded.map(({ name }) => name);
  throw new AirworthyError(
    "not_found",
    `There is no source contract ${nameOrFile} in ${isFile ? "that file" : configDir}.`,
    {
      fix: suggestName(nameOrFile, names) ?? "Learn one: airworthy sources profile FILE -o CONTRACT.yaml",
    },
  );
}

/** The sound contracts of these files. Other documents may be wrong: they are not asked. */
export function contractsIn(files: readonly ConfigFile[]): readonly SourceContractDocument[] {
  const loaded = loadDocuments(
    files.filter(({ path, text }) => /\.ya?ml$/.test(path) && text.includes("SourceContract")),
  );
  const wrong = [...loaded.findings, ...linkDocuments(loaded)].find(
    ({ code, severity }) => severity === "error" && /^AW1[06]/.test(code),
  );
  if (wrong !== undefined) {
    throw new AirworthyError("invalid_input", wrong.message, {
      place: `${wrong.file}:${wrong.line}:${wrong.column}`,
      fix: wrong.hint ?? "Run `airworthy check` for all findings with their places.",
    });
  }
  return loaded.documents.map(({ document }) => document).filter((document) => document.kind === "SourceContract");
}
