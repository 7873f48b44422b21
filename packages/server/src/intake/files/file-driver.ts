/** Brings in files that others put into a folder: each content once, whole or not at all to begin with, resumed where it was left. */
import { AirworthyError, type FileConnector } from "@airworthy/contract";

import { durationMs } from "../../kernel/duration.ts";
import { isJsonObject, parseJsonStrict } from "../../kernel/json.ts";
import { isTextOnly } from "../../kernel/records/is-text-only.ts";
import type { KnownBatch } from "../../kernel/source-store.ts";
import type { SourceDriver, SourceRun } from "../source-driver.ts";
import { checkFile, digestFile } from "./check-file.ts";
import type { ListedFile } from "./choose-files.ts";
import { deliverFile, type FilePosition } from "./deliver-file.ts";
import type { FileDrop } from "./file-drop.ts";
import { openFolderDrop } from "./folder-drop.ts";
import { readClaims } from "./read-claims.ts";

const defaultEveryMs = 30_000;
/** While a file waits for its quiet. */
const restingMs = 1000;

/** Of files that are settled: how they and what stands beside them looked, so that they are not read again at each look. */
type Settled = Map<string, string>;
type Run = SourceRun<FileConnector>;

export const fileDriver: SourceDriver<FileConnector> = {
  untyped: ({ format, files }) =>
    format === undefined ? !/\.(?:json|jsonl|ndjson)(?:\.gz)?$/i.test(files) : isTextOnly(format),
  async run(run) {
    const { connector, signal } = run;
    const settled: Settled = new Map();
    const everyMs = connector.every === undefined ? defaultEveryMs : durationMs(connector.every);
    const drop = await openDrop(run);
    try {
      while (!signal.aborted) {
        // oxlint-disable-next-line no-await-in-loop -- one look after the other
        const { resting } = await drop.look((files) => takeAll(run, { drop, files, settled }));
        // oxlint-disable-next-line no-await-in-loop -- until something happens
        await drop.wait((resting ? restingMs : everyMs) * (0.8 + 0.4 * Math.random()));
      }
      return undefined;
    } finally {
      drop.close();
    }
  },
};

/** The way over the network is loaded where a server is configured, and nowhere else. */
async function openDrop(run: Run): Promise<FileDrop> {
  const { sftp } = run.connector;
  if (sftp === undefined) return openFolderDrop(run);
  return (await import("./sftp/sftp-drop.ts")).openSftpDrop(run, sftp);
}

type Round = { readonly drop: FileDrop; readonly files: readonly ListedFile[]; readonly settled: Settled };

async function takeAll(run: Run, { drop, files, settled }: Round): Promise<void> {
  const fresh = files.filter((file) => settled.get(file.name) !== stateOf(file));
  const barred: string[] = [];
  for (const [index, file] of fresh.entries()) {
    if (run.signal.aborted) return;
    // oxlint-disable-next-line no-await-in-loop -- in the order of their times
    const outcome = await take(run, { drop, listed: file, lag: fresh.length - index - 1 }).catch((error: unknown) =>
      orBarred(error, run.connector),
    );
    if (outcome === "settled") settled.set(file.name, stateOf(file));
    if (outcome === "barred") barred.push(file.name);
  }
  // One that we may not read holds up no other, and is told once the others are in.
  if (barred.length > 0) throw notReadable(barred);
}

/** @throws the error, unless it says that we may not read a file where it lies. */
function orBarred(error: unknown, { sftp }: FileConnector): "barred" {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (sftp === undefined ? code === "EACCES" || code === "EPERM" : code === "forbidden") return "barred";
  throw error;
}

const stateOf = ({ stamp, sides }: ListedFile): string => `${stamp} ${sides}`;

type Taking = { readonly drop: FileDrop; readonly listed: ListedFile; readonly lag: number };

/** `waiting` where what stands beside it is not whole yet. */
async function take(run: Run, { drop, listed, lag }: Taking): Promise<"settled" | "waiting"> {
  const { connector, intake, snapshot, signal } = run;
  const contract = snapshot.contracts[connector.records[0]?.contract ?? ""];
  const known = await drop.digestOf(listed);
  // What lies elsewhere is not brought here again to be told that it came before.
  if (known !== undefined && (await nameBatch(run, listed, known)) === undefined) return "settled";
  const file = await drop.bring(listed);
  const claims = await readClaims(file, connector);
  if (claims === undefined) return "waiting";
  const digest = await digestFile(file.path);
  const named = await nameBatch(run, file, digest);
  if (named !== undefined) {
    const { batch, refusedAs } = named;
    const after = resumeAt(intake.position(), { batch, digest });
    // A file that was begun was whole then, and is the same still.
    const verdict =
      after > 0 ? { kind: "whole" as const, digest } : await checkFile(file, { connector, contract, claims });
    if (verdict.digest !== digest) throw changed(file);
    if (verdict.kind === "refused") {
      await intake.reject({ id: refusedAs, origin: file.name, digest, asOf: file.asOf }, verdict.reason);
    } else await deliverFile({ file, batch, digest, after, lag, connector, contract, intake, signal });
  }
  await drop.settle(listed, digest);
  return "settled";
}

type Named = { readonly batch: string; readonly refusedAs: string };

/** The ids under which this content is brought in, or refused; undefined where it is settled. */
async function nameBatch({ intake, connector }: Run, file: ListedFile, digest: string): Promise<Named | undefined> {
  const second = `${file.name} (${digest.slice(0, 12)})`;
  const known = await intake.known({ ids: [file.name, second], digests: [digest] });
  const own = known.filter((one) => one.digest === digest && (one.id === file.name || one.id.startsWith(second)));
  const settled = own.find(({ state }) => state !== "rejected");
  if (settled !== undefined) {
    return settled.state === "open" ? { batch: settled.id, refusedAs: settled.id } : undefined;
  }
  // What was refused is judged again where its sender may have put something else beside it.
  const [refused] = own;
  const { checksum, manifest } = connector.whole ?? {};
  if (refused !== undefined && checksum === undefined && manifest === undefined) return undefined;
  const first = known.find(({ id }) => id === file.name);
  const batch = first === undefined ? file.name : freeId(known, second);
  const refusedAs = refused?.id ?? batch;
  const reason = whyNot(known, { first, digest, takesSameName: connector.sameName === "take" });
  if (reason === undefined) return { batch, refusedAs };
  await intake.reject({ id: refusedAs, origin: file.name, digest, asOf: file.asOf }, reason);
  return undefined;
}

/** A batch that was refused stays so: what is taken of the same content later is another. */
function freeId(known: readonly KnownBatch[], second: string): string {
  const taken = new Set(known.map(({ id }) => id));
  let id = second;
  for (let at = 2; taken.has(id); at += 1) id = `${second} ${at}`;
  return id;
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

function changed({ name }: ListedFile): AirworthyError {
  return new AirworthyError("conflict", `${name} was changed while it was read.`, { retryable: true });
}

function notReadable([first = "", ...others]: readonly string[]): AirworthyError {
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return new AirworthyError("forbidden", `We may not read ${first}${more}. The other files are taken.`, {
    retryable: true,
    fix: "Let the user that reads here read it, and what stands beside it; or take it away.",
  });
}
