/** Checks documents against each other: every name exists, every path leads somewhere, every promise can be kept. */
import type { Finding } from "@airworthy/contract";

import { sortFindings } from "./finding-codes.ts";
import { linkComputed } from "./link-computed.ts";
import { linkConnectors } from "./link-connectors.ts";
import { linkContracts } from "./link-contracts.ts";
import { linkData } from "./link-data.ts";
import { linkFacts } from "./link-facts.ts";
import { linkDocumentFolders } from "./link-documents.ts";
import { linkFiles } from "./link-files.ts";
import { indexDocuments } from "./link-index.ts";
import { linkInputs } from "./link-input.ts";
import { linkMailboxes } from "./link-mailboxes.ts";
import { linkOutcomes } from "./link-outcomes.ts";
import { linkPaths } from "./link-paths.ts";
import { linkPersons } from "./link-persons.ts";
import { linkRecalls } from "./link-recalls.ts";
import { linkReferences } from "./link-references.ts";
import { linkSources } from "./link-sources.ts";
import { linkTools } from "./link-tools.ts";
import { linkWrites } from "./link-writes.ts";
import type { LoadedFiles } from "./load-documents.ts";

/** Findings across documents. A name in a document that could not be read is never reported as missing. */
export function linkDocuments(loaded: LoadedFiles): Finding[] {
  const index = indexDocuments(loaded);
  linkReferences(index);
  linkConnectors(index);
  linkInputs(index);
  linkTools(index);
  linkPaths(index);
  linkFacts(index);
  linkComputed(index);
  linkContracts(index);
  linkWrites(index);
  linkSources(index);
  linkFiles(index);
  linkMailboxes(index);
  linkDocumentFolders(index);
  linkData(index);
  linkPersons(index);
  linkOutcomes(index);
  linkRecalls(index);
  return sortFindings(index.findings);
}
