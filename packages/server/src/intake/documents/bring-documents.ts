/** Brings in what one look at the tree has found: new and changed documents, those that moved, those that are gone. */
import type { DocumentsConnector } from "@airworthy/contract";

import { sha256Hex } from "../../kernel/canonical.ts";
import type { KnownDocument } from "../../kernel/document-version.ts";
import type { DocumentReader } from "../../kernel/documents/document-reader.ts";
import type { SourceRun } from "../source-driver.ts";
import { deliveriesOf } from "./deliver-document.ts";
import type { Retries } from "./create-retries.ts";
import type { Tree } from "./scan-tree.ts";
import { groupDocuments, takeDocuments, type TakenDocument } from "./take-document.ts";

export type Keeping = {
  readonly run: SourceRun<DocumentsConnector>;
  readonly reader: DocumentReader;
  readonly reading: string;
  /** The newest version of each path. */
  readonly known: Map<string, KnownDocument>;
  /** By path, the stamp of what is settled: it is not read again at each look. */
  readonly settled: Map<string, string>;
  /** What another try may read. */
  readonly retries: Retries;
};

/** Of small documents, in one transaction. */
const togetherMax = 50;
const passagesMax = 500;
/** Few enough that the transaction is short, however many passages they have. */
const withdrawnAtOnce = 50;

/** Answers whether it is to be called again soon: something changed while it was read, or waits for another try. */
export async function bringDocuments(keeping: Keeping, tree: Tree): Promise<boolean> {
  const { run, known, settled } = keeping;
  const { absent, moved } = findAbsent(keeping, tree);
  const unsettled = tree.documents.filter(({ name, stamp }) => settled.get(name) !== stamp);
  const fresh = unsettled.filter((found) => keeping.retries.isDue(found));
  const resting = shapesOf(keeping, tree.resting);
  const arriving = new Set([...resting, ...shapesOf(keeping, unsettled)]);
  // First, so that what is gone is not read while something else cannot be brought in.
  await withdraw(
    keeping,
    absent.filter((one) => !arriving.has(shapeOf(one))),
  );
  const waiting = createWaiting(keeping);
  let changing = fresh.length < unsettled.length;
  let behind = fresh.length;
  for (const group of groupDocuments(fresh)) {
    if (run.signal.aborted) return changing;
    const { connector, intake } = run;
    const taking = { ...keeping, connector, root: tree.root, moved, position: intake.position() };
    // oxlint-disable-next-line no-await-in-loop -- in the order of their times
    for (const [index, taken] of (await takeDocuments(group, taking)).entries()) {
      const found = group[index];
      behind -= 1;
      run.signal.throwIfAborted();
      if (taken === "changed" || keepsTrying(keeping, taken)) changing = true;
      // oxlint-disable-next-line no-await-in-loop
      else if (taken !== "settled") await waiting.add(taken, behind);
      else if (found !== undefined) settled.set(found.name, found.stamp);
    }
  }
  await waiting.flush();
  for (const one of tree.unnameable) {
    // oxlint-disable-next-line no-await-in-loop -- there are hardly any
    await refuseName(keeping, one);
  }
  await withdraw(
    keeping,
    absent.filter((one) => isThere(known.get(one.path)?.state) && !resting.has(shapeOf(one))),
  );
  return changing;
}

/** `moved` says by digest where a content stood that stands there no longer, for a moment or for long. */
function findAbsent({ known }: Keeping, { present }: Tree) {
  const all = [...known.values()].filter(({ path }) => !present.has(path));
  const absent = all.filter(({ state }) => isThere(state));
  const gone = all.filter(({ state }) => state === "gone");
  return { absent, moved: new Map([...gone, ...absent].map(({ digest, path }) => [digest, path])) };
}

type Shape = { readonly bytes: number; readonly asOf: number };

/** A file that is moved keeps both: it is missed only when nothing of its shape is on its way in. */
const shapeOf = ({ bytes, asOf }: Shape): string => `${bytes} ${asOf}`;
const shapesOf = (
  { known }: Keeping,
  files: readonly { readonly name: string; readonly bytes: number; readonly writtenAt: number }[],
): Set<string> => {
  const fresh = files.filter(({ name }) => !isThere(known.get(name)?.state));
  return new Set(fresh.map(({ bytes, writtenAt: asOf }) => shapeOf({ bytes, asOf })));
};

/** What may be the machine's fault is refused only when it has failed again and again. */
function keepsTrying({ retries }: Keeping, taken: TakenDocument | "settled"): boolean {
  if (taken === "settled" || taken.wasRefused || taken.read.kind !== "refused") return false;
  return taken.read.mayPass === true && retries.putOff(taken.found);
}

const isThere = (state: KnownDocument["state"] | undefined): boolean =>
  state === "open" || state === "current" || state === "rejected";

/** Small documents wait for each other: a transaction for each would cost more than they do. */
function createWaiting({ run, known, settled }: Keeping) {
  const { intake, signal } = run;
  let waiting: TakenDocument[] = [];
  let passages = 0;
  let lag = 0;
  const settle = ({ found, document, batch, read }: TakenDocument): void => {
    known.set(document.path, { ...document, batch, state: read.kind === "refused" ? "rejected" : "current" });
    settled.set(found.name, found.stamp);
    const from = document.movedFrom === undefined ? undefined : known.get(document.movedFrom);
    if (from !== undefined) known.set(from.path, { ...from, state: "moved" });
  };
  const refuse = async (taken: TakenDocument, reason: string): Promise<void> => {
    const { document, batch } = taken;
    const { path, digest, asOf } = document;
    await intake.documents.reject({ id: batch, origin: path, digest, asOf }, { document, reason });
    settle({ ...taken, read: { kind: "refused", reason } });
  };
  const deliverOne = async (taken: TakenDocument): Promise<void> => {
    try {
      for (const delivery of deliveriesOf(taken, lag)) {
        signal.throwIfAborted();
        // oxlint-disable-next-line no-await-in-loop -- one part after the other
        await intake.deliver(delivery);
      }
      settle(taken);
    } catch (error) {
      const code = storeRefusal(error);
      if (code === undefined) throw error;
      await refuse(taken, `the store does not take it (${code})`);
    }
  };
  const flush = async (): Promise<void> => {
    const together = waiting;
    waiting = [];
    passages = 0;
    if (together.length === 0) return;
    try {
      await intake.deliverAll(together.flatMap((taken) => [...deliveriesOf(taken, lag)]));
      together.forEach(settle);
    } catch (error) {
      if (storeRefusal(error) === undefined) throw error;
      // One that cannot be written must not take its neighbours with it.
      // oxlint-disable-next-line no-await-in-loop
      for (const taken of together) await deliverOne(taken);
    }
  };
  return {
    flush,
    add: async (taken: TakenDocument, behind: number): Promise<void> => {
      const { read } = taken;
      const count = read.kind === "read" ? read.passages.length : 0;
      if (passages + count > passagesMax) await flush();
      lag = behind;
      if (read.kind === "refused" && taken.wasRefused) settled.set(taken.found.name, taken.found.stamp);
      else if (read.kind === "refused") await refuse(taken, read.reason);
      else if (count > passagesMax) await deliverOne(taken);
      else {
        waiting.push(taken);
        passages += count;
        if (waiting.length >= togetherMax) await flush();
      }
    },
  };
}

/** PostgreSQL's code where it is the data that it refuses (class 22), or the size of it (54). */
function storeRefusal(error: unknown): string | undefined {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^(?:22|54)[0-9A-Z]{3}$/.test(code) ? code : undefined;
}

async function withdraw({ run, known, settled }: Keeping, gone: readonly KnownDocument[]): Promise<void> {
  for (let at = 0; at < gone.length && !run.signal.aborted; at += withdrawnAtOnce) {
    const paths = gone.slice(at, at + withdrawnAtOnce).map(({ path }) => path);
    // oxlint-disable-next-line no-await-in-loop -- so that each transaction is short
    await run.intake.documents.withdraw(paths);
    for (const path of paths) {
      settled.delete(path);
      const one = known.get(path);
      if (one !== undefined) known.set(path, { ...one, state: "gone" });
    }
  }
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
