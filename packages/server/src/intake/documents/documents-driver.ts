/** Brings in the documents of a folder tree: each content of each path once, whole or not at all, and what is gone is gone. */
import type { DocumentsConnector } from "@airworthy/contract";

import { digestJson, sha256Hex } from "../../kernel/canonical.ts";
import type { DocumentVersion, KnownDocument } from "../../kernel/document-store.ts";
import { createDocumentReader, type DocumentReader } from "../../kernel/documents/document-reader.ts";
import { type DocumentJob, type DocumentRefusal, readingVersion } from "../../kernel/documents/document.ts";
import { durationMs } from "../../kernel/duration.ts";
import { createFolderBell } from "../folder-bell.ts";
import type { Quiet } from "../quiet-files.ts";
import type { SourceDriver, SourceRun } from "../source-driver.ts";
import { deliverDocument, resumeAt } from "./deliver-document.ts";
import { loadDocument } from "./load-document.ts";
import { scanTree, type FoundDocument, type Tree } from "./scan-tree.ts";

const defaultEveryMs = 30_000;
/** While a document waits for its quiet, or changed while it was read. */
const restingMs = 1000;
const defaultMaxBytes = 32 * 1024 * 1024;
const defaultMaxPages = 2000;
const defaultLength = 1500;
/** Few enough that the transaction is short, however many passages they have. */
const withdrawnAtOnce = 50;

type Run = SourceRun<DocumentsConnector>;
type Keeping = {
  readonly run: Run;
  readonly reader: DocumentReader;
  readonly reading: string;
  /** The newest version of each path. */
  readonly known: Map<string, KnownDocument>;
  /** By path, the stamp of what is settled: it is not read again at each look. */
  readonly settled: Map<string, string>;
};

export const documentsDriver: SourceDriver<DocumentsConnector> = {
  untyped: () => false,
  async run(run) {
    const { connector, signal, intake } = run;
    const folder = run.fill(connector.folder);
    const everyMs = connector.every === undefined ? defaultEveryMs : durationMs(connector.every);
    const quiet: Quiet = new Map();
    const bell = createFolderBell(signal);
    const reader = createDocumentReader();
    const known = new Map((await intake.documents.known()).map((one) => [one.path, one]));
    const keeping: Keeping = { run, reader, reading: readingOf(connector), known, settled: new Map() };
    try {
      while (!signal.aborted) {
        bell.reset();
        // oxlint-disable-next-line no-await-in-loop -- one look after the other
        const tree = await scanTree(connector, { folder, quiet });
        bell.hear(tree.folders);
        // oxlint-disable-next-line no-await-in-loop
        const changing = await bringIn(keeping, tree);
        const isResting = tree.resting || changing;
        // oxlint-disable-next-line no-await-in-loop
        if (!isResting && !signal.aborted) await intake.caughtUp();
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

/** What the passages depend on beside the bytes. Another way of reading reads all documents again. */
function readingOf({ encoding, language, passageLength }: DocumentsConnector): string {
  const settings = { version: readingVersion, encoding, language, passageLength };
  return digestJson(JSON.parse(JSON.stringify(settings))).slice(0, 16);
}

/** Answers whether something changed while it was read. */
async function bringIn(keeping: Keeping, tree: Tree): Promise<boolean> {
  const { run, known, settled } = keeping;
  const absent = [...known.values()].filter(({ path, state }) => isThere(state) && !tree.present.has(path));
  const moved = new Map(absent.map((one) => [one.digest, one.path]));
  const fresh = tree.documents.filter(({ name, stamp }) => settled.get(name) !== stamp);
  let changing = false;
  for (const [index, found] of fresh.entries()) {
    if (run.signal.aborted) return changing;
    // oxlint-disable-next-line no-await-in-loop -- in the order of their times
    if (await take(keeping, { found, root: tree.root, moved, lag: fresh.length - index - 1 })) {
      settled.set(found.name, found.stamp);
    } else changing = true;
  }
  for (const one of tree.unnameable) {
    // oxlint-disable-next-line no-await-in-loop -- there are hardly any
    await refuseName(keeping, one);
  }
  const gone = absent.map(({ path }) => path);
  for (let at = 0; at < gone.length && !run.signal.aborted; at += withdrawnAtOnce) {
    const paths = gone.slice(at, at + withdrawnAtOnce);
    // oxlint-disable-next-line no-await-in-loop -- so that each transaction is short
    await run.intake.documents.withdraw(paths);
    for (const path of paths) {
      settled.delete(path);
      const one = known.get(path);
      if (one !== undefined) known.set(path, { ...one, state: "gone" });
    }
  }
  return changing;
}

const isThere = (state: KnownDocument["state"]): boolean =>
  state === "open" || state === "current" || state === "rejected";

type Taking = {
  readonly found: FoundDocument;
  readonly root: string;
  /** Where the contents stood that are not where they were. */
  readonly moved: ReadonlyMap<string, string>;
  /** Documents that wait behind this one. */
  readonly lag: number;
};

/** Whether it is settled; false where it changed meanwhile. */
async function take(keeping: Keeping, { found, root, moved, lag }: Taking): Promise<boolean> {
  const { run, reader, reading, known } = keeping;
  const { connector, intake, signal } = run;
  const loaded = await loadDocument(root, found, connector.maxBytes ?? defaultMaxBytes);
  if (loaded === undefined) return false;
  const { digest } = loaded;
  const before = known.get(found.name);
  const isSame = before !== undefined && before.digest === digest && before.reading === reading;
  if (isSame && (before.state === "current" || before.state === "rejected")) return true;
  const after = isSame && before.state === "open" ? resumeAt(intake.position(), before.batch) : 0;
  const version = (before?.version ?? 0) + (after > 0 ? 0 : 1);
  const batch = `${found.name} v${version}`;
  const movedFrom = moved.get(digest);
  const document: DocumentVersion = {
    path: found.name,
    version,
    digest,
    reading,
    format: found.format,
    bytes: found.bytes,
    // A time that is still to come says nothing.
    asOf: Math.min(found.writtenAt, Date.now()),
    ...(movedFrom === undefined || movedFrom === found.name ? {} : { movedFrom }),
  };
  const read = "bytes" in loaded ? await reader.read(jobOf(connector, found, loaded.bytes)) : refused(loaded.reason);
  signal.throwIfAborted();
  if (read.kind === "refused") {
    const ref = { id: batch, origin: found.name, digest, asOf: document.asOf };
    await intake.documents.reject(ref, { document, reason: read.reason });
  } else await deliverDocument({ document, batch, read, after, lag, intake, signal });
  known.set(found.name, { ...document, batch, state: read.kind === "refused" ? "rejected" : "current" });
  return true;
}

const refused = (reason: string): DocumentRefusal => ({ kind: "refused", reason });

function jobOf(connector: DocumentsConnector, { format, name }: FoundDocument, bytes: Uint8Array): DocumentJob {
  const { encoding = "utf-8", passageLength = defaultLength, maxPages = defaultMaxPages } = connector;
  return { format, bytes, name: name.split("/").at(-1) ?? name, encoding, passageLength, maxPages };
}

/** It is said once, under a name that can be kept. */
async function refuseName(
  { run, settled }: Keeping,
  { shown, raw, reason }: Tree["unnameable"][number],
): Promise<void> {
  const digest = sha256Hex(raw);
  const id = `${shown.slice(0, 400)} (${digest.slice(0, 12)})`;
  if (settled.has(id)) return;
  await run.intake.reject({ id, origin: shown, digest }, reason);
  settled.set(id, reason);
}
