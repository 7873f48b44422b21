/** Keeps a folder tree of documents in step with what agents read of it: looks, brings in, and waits for the next change. */
import { setTimeout } from "node:timers/promises";

import type { DocumentsConnector } from "@airworthy/contract";

import { digestJson } from "../../kernel/canonical.ts";
import { createDocumentReader } from "../../kernel/documents/document-reader.ts";
import { readingVersion } from "../../kernel/documents/document.ts";
import { durationMs } from "../../kernel/duration.ts";
import { createFolderBell } from "../folder-bell.ts";
import type { Quiet } from "../quiet-files.ts";
import type { SourceDriver } from "../source-driver.ts";
import { bringDocuments, type Keeping } from "./bring-documents.ts";
import { createRetries } from "./create-retries.ts";
import { scanTree } from "./scan-tree.ts";

const defaultEveryMs = 30_000;
/** While a document waits for its quiet, or changed while it was read. */
const restingMs = 1000;

export const documentsDriver: SourceDriver<DocumentsConnector> = {
  untyped: () => false,
  async run(run) {
    const { connector, signal, intake } = run;
    const folder = run.fill(connector.folder);
    const everyMs = connector.every === undefined ? defaultEveryMs : durationMs(connector.every);
    const quiet: Quiet = new Map();
    const bell = createFolderBell(signal);
    const reader = createDocumentReader();
    try {
      const known = new Map((await intake.documents.known()).map((one) => [one.path, one]));
      const begun = { settled: new Map(), retries: createRetries() };
      const keeping: Keeping = { run, reader, reading: readingOf(connector), known, ...begun };
      while (!signal.aborted) {
        const began = performance.now();
        bell.reset();
        // oxlint-disable-next-line no-await-in-loop -- one look after the other
        const lookedAt = await intake.time();
        // oxlint-disable-next-line no-await-in-loop
        const tree = await scanTree(connector, { folder, quiet });
        const unheard = bell.hear(tree.folders);
        // oxlint-disable-next-line no-await-in-loop
        const changing = await bringDocuments(keeping, tree);
        const isResting = tree.resting.length > 0 || changing;
        // oxlint-disable-next-line no-await-in-loop
        if (!isResting && !unheard && !signal.aborted) await intake.caughtUp(lookedAt);
        // oxlint-disable-next-line no-await-in-loop -- a tree that changes all the time is looked at half of the time
        await pause(performance.now() - began, signal);
        if (unheard) continue;
        // oxlint-disable-next-line no-await-in-loop -- until something happens
        await bell.wait((isResting ? restingMs : everyMs) * (0.8 + 0.4 * Math.random()));
      }
      return undefined;
    } finally {
      bell.close();
      await reader.close();
    }
  },
};

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  setTimeout(Math.min(ms, restingMs), undefined, { signal }).catch(() => undefined);

/** What the passages, or a refusal, depend on beside the bytes. Another way of reading reads all documents again. */
function readingOf({ encoding, language, passageLength, maxBytes, maxPages }: DocumentsConnector): string {
  const settings = { version: readingVersion, encoding, language, passageLength, maxBytes, maxPages };
  return digestJson(JSON.parse(JSON.stringify(settings))).slice(0, 16);
}
