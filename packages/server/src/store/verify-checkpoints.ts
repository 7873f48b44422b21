/** Checks the signed checkpoints: each signature, the chain of checkpoints, and that every signed entry is still there. */
import { hash } from "node:crypto";

import type { LedgerFault } from "@airworthy/contract";

import { type NoteVerifier, openNote } from "../kernel/signed-note.ts";
import { type CheckpointHead, describeCheckpoint } from "./checkpoints.ts";
import type { Queryable } from "./database.ts";

/** `at` to the microsecond, where ours are whole milliseconds. */
export type StoredCheckpoint = {
  readonly number: number;
  readonly at: string;
  readonly heads: string;
  readonly note: string;
};

export async function readCheckpoints(db: Queryable, tenant: string): Promise<StoredCheckpoint[]> {
  return db.query<StoredCheckpoint>({
    text: `select number, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, heads, note
           from ledger_checkpoints where tenant = $1 order by number`,
    values: [tenant],
  });
}

/** The heads that a checkpoint says it signed; none when the text is no longer one of ours. */
export function readHeads(text: string): readonly CheckpointHead[] {
  try {
    const heads: unknown = JSON.parse(text);
    return Array.isArray(heads) && heads.every(isHead) && JSON.stringify(heads) === text ? heads : [];
  } catch {
    return [];
  }
}

function isHead(value: unknown): value is CheckpointHead {
  if (typeof value !== "object" || value === null) return false;
  const { day, chain, seq, hash: digest } = value as Record<string, unknown>;
  return typeof day === "string" && typeof chain === "string" && typeof seq === "number" && typeof digest === "string";
}

type Chain = { readonly checkpoints: readonly StoredCheckpoint[]; readonly tenant: string };
type With = {
  readonly verifier: NoteVerifier;
  /** The hashes, stored and recomputed, of the entry at a place. */
  readonly hashesAt: (head: CheckpointHead) => readonly string[] | undefined;
};

/** One by one: where much is gone, every checkpoint since then misses it. */
export function* checkCheckpoints(
  { checkpoints, tenant }: Chain,
  { verifier, hashesAt }: With,
): Generator<LedgerFault> {
  const origin = `${verifier.name}/${tenant}`;
  let before: { readonly number: number; readonly digest: string | undefined } = { number: 0, digest: "none" };
  for (const checkpoint of checkpoints) {
    const chain = `checkpoint ${checkpoint.number}`;
    const follows = checkpoint.number === before.number + 1;
    if (!follows) yield { chain, field: "number", detail: `no checkpoint ${before.number + 1} stands before it` };
    const text = openNote(checkpoint.note, verifier);
    const previous = follows ? before.digest : undefined;
    const field = text === undefined ? "note" : findChange(checkpoint, text, { origin, previous });
    if (field === undefined) {
      for (const head of readHeads(checkpoint.heads)) yield* checkHead(head, chain, hashesAt);
    } else yield { chain, field, detail: details[field] };
    // What a changed note was before its change nobody knows, so the next one's citation of it is taken as it is.
    const digest = field === "note" ? undefined : hash("sha256", checkpoint.note, "hex");
    before = { number: checkpoint.number, digest };
  }
}

type Field = "note" | "number" | "at" | "heads" | "previous";
const details: Readonly<Record<Field, string>> = {
  note: "its signature is not good for this key",
  number: "it was signed under another number",
  at: "it was signed at another time",
  heads: "the signed root is of other heads",
  previous: "another checkpoint stood before it",
};
/** What each line of the signed text speaks of: origin, size, root, and our three. */
const lines: readonly Field[] = ["heads", "heads", "heads", "number", "previous", "at"];

/** Compares what was signed with what the row says, line by line; undefined when they are the same. */
function findChange(
  { number, at, heads }: StoredCheckpoint,
  text: string,
  { origin, previous }: { readonly origin: string; readonly previous: string | undefined },
): Field | undefined {
  const signed = text.split("\n");
  const cited = previous ?? signed[lines.indexOf("previous")]?.replace("previous ", "") ?? "";
  const stands = describeCheckpoint({
    origin,
    heads: readHeads(heads),
    number,
    previous: cited,
    at: at.replace(/000Z$/, "Z"),
  }).split("\n");
  const changed = stands.findIndex((line, index) => line !== signed[index]);
  return changed === -1 ? undefined : (lines[changed] ?? "heads");
}

function checkHead(head: CheckpointHead, checkpoint: string, hashesAt: With["hashesAt"]): LedgerFault[] {
  const found = hashesAt(head);
  if (found?.includes(head.hash)) return [];
  const what = found === undefined ? "the entry is gone" : "the entry is another than the one that was signed";
  return [{ chain: `${head.day}/${head.chain}`, seq: head.seq, field: "hash", detail: `${what} (${checkpoint})` }];
}
