/** Brings in files that others put into a folder: each content once, whole or not at all to begin with, resumed where it was left. */
import { AirworthyError, type FileConnector } from "@airworthy/contract";

import { durationMs } from "../../kernel/duration.ts";
import { isJsonObject, parseJsonStrict } from "../../kernel/json.ts";
import { isTextOnly } from "../../kernel/records/is-text-only.ts";
import type { KnownBatch } from "../../kernel/source-store.ts";
import { createFolderBell } from "../folder-bell.ts";
import type { Quiet } from "../quiet-files.ts";
import type { SourceDriver, SourceRun } from "../source-driver.ts";
import { checkFile, digestFile } from "./check-file.ts";
import { deliverFile, type FilePosition } from "./deliver-file.ts";
import { scanFolder, type FoundFile } from "./scan-folder.ts";

const defaultEveryMs = 30_000;
/** While a file waits for its quiet. */
const restingMs = 1000;

/** Of files that are settled: their stamp, so that they are not read again at each look. */
type Settled = Map<string, string>;
type Run = SourceRun<FileConnector>;

export const fileDriver: SourceDriver<FileConnector> = {
  untyped: ({ format, files }) =>
    format === undefined ? !/\.(?:json|jsonl|ndjson)(?:\.gz)?$/i.test(files) : isTextOnly(format),
  async run(run) {
    const folder = run.fill(run.connector.folder);
    const [quiet, settled]: [Quiet, Settled] = [new Map(), new Map()];
    const everyMs = run.connector.every === undefined ? defaultEveryMs : durationMs(run.connector.every);
    const bell = createFolderBell(run.signal);
    try {
      bell.hear([folder]);
      while (!run.signal.aborted) {
        bell.reset();
        // oxlint-disable-next-line no-await-in-loop -- one look after the other
        const { files, resting } = await scanFolder(run.connector, { folder, quiet });
        const fresh = files.filter((file) => settled.get(file.name) !== file.stamp);
        for (const [index, file] of fresh.entries()) {
          if (run.signal.aborted) return undefined;
          // oxlint-disable-next-line no-await-in-loop -- in the order of their times
          await take(run, file, fresh.length - index - 1);
          settled.set(file.name, file.stamp);
        }
        // oxlint-disable-next-line no-await-in-loop -- until something happens
        await bell.wait((resting ? restingMs : everyMs) * (0.8 + 0.4 * Math.random()));
      }
      return undefined;
    } finally {
      bell.close();
    }
  },
};

async function take(run: Run, file: FoundFile, lag: number): Promise<void> {
  const { connector, intake, snapshot, signal } = run;
  const contract = snapshot.contracts[connector.records[0]?.contract ?? ""];
  const digest = await digestFile(file.path);
  const batch = await nameBatch(run, file, digest);
  if (batch === undefined) return;
  const after = resumeAt(intake.position(), { batch, digest });
  // A file that was begun was whole then, and is the same still.
  const verdict = after > 0 ? { kind: "whole" as const, digest } : await checkFile(file, { connector, contract });
  if (verdict.digest !== digest) throw changed(file);
  if (verdict.kind === "refused") {
    await intake.reject({ id: batch, origin: file.name, digest, asOf: file.asOf }, verdict.reason);
    return;
  }
  await deliverFile({ file, batch, digest, after, lag, connector, contract, intake, signal });
}

/** The id under which this content is brought in, or undefined where it is settled. */
async function nameBatch({ intake, connector }: Run, file: FoundFile, digest: string): Promise<string | undefined> {
  const second = `${file.name} (${digest.slice(0, 12)})`;
  const known = await intake.known({ ids: [file.name, second], digests: [digest] });
  const own = known.find((one) => one.digest === digest && (one.id === file.name || one.id === second));
  if (own !== undefined) return own.state === "open" ? own.id : undefined;
  const first = known.find(({ id }) => id === file.name);
  const id = first === undefined ? file.name : second;
  const reason = whyNot(known, { first, digest, takesSameName: connector.sameName === "take" });
  if (reason === undefined) return id;
  await intake.reject({ id, origin: file.name, digest, asOf: file.asOf }, reason);
  return undefined;
}

function whyNot(
  known: readonly KnownBatch[],
  {
    first,
    digest,
    takesSameName,
  }: { readonly first: KnownBatch | undefined; readonly digest: string; readonly takesSameName: boolean },
): string | undefined {
  const twin = known.find((one) => one.digest === digest && one.state !== "rejected");
  if (twin !== undefined) return `the same content came before as ${twin.id}`;
  // What was refused may come again, mended, under its name.
  if (first === undefined || first.state === "rejected" || takesSameName) return undefined;
  return "a file of this name came before, with other content";
}

function resumeAt(position: string | undefined, at: { readonly batch: string; readonly digest: string }): number {
  if (position === undefined) return 0;
  const { batch, digest, row } = readPosition(position);
  return batch === at.batch && digest === at.digest ? row : 0;
}

function readPosition(position: string): FilePosition {
  const value = parseJsonStrict(Buffer.from(position));
  const { batch, digest, row } = isJsonObject(value) ? value : {};
  if (typeof batch === "string" && typeof digest === "string" && typeof row === "number") return { batch, digest, row };
  throw new AirworthyError("internal", "The position of this source is not one of files.");
}

function changed({ name }: FoundFile): AirworthyError {
  return new AirworthyError("conflict", `${name} was changed while it was read.`, { retryable: true });
}
