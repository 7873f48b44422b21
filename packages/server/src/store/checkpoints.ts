/** Checkpoints: every few seconds the heads of all chains that grew are bound by one Merkle root and signed. */
import { hash } from "node:crypto";

import { merkleRoot } from "../kernel/merkle.ts";
import { checkpointText, type NoteSigner, signNote } from "../kernel/signed-note.ts";
import { type Database, isUniqueViolation } from "./database.ts";

export type CheckpointHead = {
  readonly day: string;
  readonly chain: string;
  readonly seq: number;
  readonly hash: string;
};

/** Signs one checkpoint of a tenant if any chain grew since the last one. Two nodes at once: one of them wins. */
export async function writeCheckpoint(db: Database, tenant: string, signer: NoteSigner): Promise<boolean> {
  const [last] = await db.query<{ number: number; note: string; heads: string }>({
    text: "select number, note, heads from ledger_checkpoints where tenant = $1 order by number desc limit 1",
    values: [tenant],
  });
  const [clock] = await db.query<{ now: Date }>({ text: "select clock_timestamp() as now" });
  const heads = await db.query<CheckpointHead>({
    text: `select h.day::text, h.chain, h.seq, encode(h.hash, 'hex') as hash from ledger_heads h
           where h.tenant = $1 and h.at >= coalesce((select max(at) from ledger_checkpoints where tenant = $1), '-infinity')
                                            - interval '1 minute'
           order by h.day, h.chain`,
    values: [tenant],
  });
  if (!clock || heads.length === 0 || JSON.stringify(heads) === last?.heads) return false;
  const previous = last ? hash("sha256", last.note, "hex") : "none";
  const number = (last?.number ?? 0) + 1;
  const at = clock.now.toISOString();
  const text = describeCheckpoint({ origin: `${signer.name}/${tenant}`, heads, number, previous, at });
  try {
    await db.query({
      text: "insert into ledger_checkpoints (tenant, number, heads, note, at) values ($1, $2, $3, $4, $5)",
      values: [tenant, number, JSON.stringify(heads), signNote(text, signer), at],
    });
    return true;
  } catch (error) {
    if (isUniqueViolation(error)) return false;
    throw error;
  }
}

/** The text that is signed; `previous` is the SHA-256 of the note before it, `at` database time. */
export function describeCheckpoint(checkpoint: {
  readonly origin: string;
  readonly heads: readonly CheckpointHead[];
  readonly number: number;
  readonly previous: string;
  readonly at: string;
}): string {
  const { origin, heads, number, previous, at } = checkpoint;
  return checkpointText({
    origin,
    size: heads.length,
    root: merkleRoot(heads.map(headLeaf)),
    extensions: [`checkpoint ${number}`, `previous ${previous}`, `at ${at}`],
  });
}

/** What a head puts into the tree. */
function headLeaf(head: CheckpointHead): Buffer {
  return Buffer.from(`${head.day} ${head.chain} ${head.seq} ${head.hash}`);
}
