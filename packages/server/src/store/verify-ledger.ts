/** Verification: recomputes every chain and every checkpoint, and names what does not fit. Trusts nothing but the public key. */
import { hash } from "node:crypto";

import type { LedgerFault, LedgerVerification } from "@airworthy/contract";

import { merkleRoot } from "../kernel/merkle.ts";
import { checkpointText, type NoteVerifier, openNote } from "../kernel/signed-note.ts";
import { type CheckpointHead, headLeaf } from "./checkpoints.ts";
import type { Queryable } from "./database.ts";
import { hashBody, hashHeader, type Header, zeroHash } from "./ledger-chain.ts";

type Row = Omit<Header, "tenant" | "at"> & {
  readonly at: Date;
  readonly body_hash: Buffer;
  readonly prev_hash: Buffer;
  readonly hash: Buffer;
  readonly salt: Buffer | null;
  readonly body: string | null;
};
type Tally = { entries: number; chains: number; checkpoints: number; erased: number; readonly faults: LedgerFault[] };
/** Recomputed hashes by `day/chain/seq`, for the positions that checkpoints name. */
type Positions = Map<string, string>;

const pageSize = 2000;
/** More faults than this say nothing more. */
const faultsMax = 100;

export async function verifyLedger(
  db: Queryable,
  tenant: string,
  { verifier, onProgress }: { verifier: NoteVerifier; onProgress?: (entries: number) => void },
): Promise<LedgerVerification> {
  const tally: Tally = { entries: 0, chains: 0, checkpoints: 0, erased: 0, faults: [] };
  const checkpoints = await db.query<{ number: number; heads: string; note: string }>({
    text: "select number, heads, note from ledger_checkpoints where tenant = $1 order by number",
    values: [tenant],
  });
  const wanted = new Set(checkpoints.flatMap((row) => parseHeads(row.heads).map(placeOf)));
  const positions: Positions = new Map();
  const ends = new Map<string, { seq: number; hash: string }>();
  let previous: { row: Row; hash: Buffer } | undefined;
  for await (const row of readEntries(db, tenant)) {
    const follows = previous && previous.row.chain === row.chain && previous.row.day === row.day ? previous : undefined;
    if (!follows) tally.chains += 1;
    checkEntry({ ...row, at: row.at.toISOString(), tenant }, row, { follows, tally });
    const place = placeOf(row);
    if (wanted.has(place)) positions.set(place, row.hash.toString("hex"));
    ends.set(`${row.day}/${row.chain}`, { seq: row.seq, hash: row.hash.toString("hex") });
    previous = { row, hash: row.hash };
    tally.entries += 1;
    if (tally.entries % pageSize === 0) onProgress?.(tally.entries);
  }
  let before = "none";
  for (const [index, checkpoint] of checkpoints.entries()) {
    checkCheckpoint(
      { ...checkpoint, expected: index + 1, before, origin: `${verifier.name}/${tenant}` },
      { verifier, positions, tally },
    );
    before = hash("sha256", checkpoint.note, "hex");
    tally.checkpoints += 1;
  }
  await checkHeads(db, tenant, { ends, tally });
  return { ok: tally.faults.length === 0, ...tally, faults: tally.faults.slice(0, faultsMax) };
}

type Follows = { readonly row: Row; readonly hash: Buffer } | undefined;

function checkEntry(header: Header, row: Row, { follows, tally }: { follows: Follows; tally: Tally }): void {
  const chain = `${row.day}/${row.chain}`;
  const fault = (field: string, detail: string): void => void tally.faults.push({ chain, seq: row.seq, field, detail });
  const expectedSeq = (follows?.row.seq ?? 0) + 1;
  if (row.seq !== expectedSeq) fault("seq", `entries ${expectedSeq} to ${row.seq - 1} are missing`);
  else if (!row.prev_hash.equals(follows?.hash ?? zeroHash)) fault("prev_hash", "does not cite the entry before it");
  const body = goodBody(row);
  if (body === undefined) fault("body", describeLoss(row));
  if (hashHeader(header, row.body_hash, row.prev_hash).equals(row.hash)) return;
  // The body holds a copy of the header under its own hash: where that hash is good, it tells which column was changed.
  const changed = body === undefined ? [] : changedColumns(header, body);
  if (changed.length === 0) fault("hash", "the entry does not hash to what is stored: a hash was changed");
  for (const column of changed) fault(column, "was changed after it was written");
}

function describeLoss({ body }: Row): string {
  return body === null ? "is missing and no erasure of it is recorded" : "was changed: its salted hash is another";
}

/** The body, if it is the one that was hashed. */
function goodBody({ salt, body, body_hash }: Row): string | undefined {
  return salt !== null && body !== null && hashBody(salt, body).equals(body_hash) ? body : undefined;
}

function changedColumns(header: Header, body: string): string[] {
  const copy = (JSON.parse(body) as { header: Record<string, unknown> }).header;
  return Object.entries(header)
    .filter(([name, value]) => name in copy && JSON.stringify(copy[name]) !== JSON.stringify(value))
    .map(([name]) => name);
}

type Checkpoint = {
  readonly number: number;
  readonly heads: string;
  readonly note: string;
  readonly expected: number;
  readonly before: string;
  readonly origin: string;
};

function checkCheckpoint(
  checkpoint: Checkpoint,
  { verifier, positions, tally }: { verifier: NoteVerifier; positions: Positions; tally: Tally },
): void {
  const chain = `checkpoint ${checkpoint.number}`;
  const fault = (field: string, detail: string): void => void tally.faults.push({ chain, field, detail });
  if (checkpoint.number !== checkpoint.expected) fault("number", `checkpoint ${checkpoint.expected} is missing`);
  const text = openNote(checkpoint.note, verifier);
  if (text === undefined) return fault("note", "its signature is not good for this key");
  const heads = parseHeads(checkpoint.heads);
  const expected = checkpointText({
    origin: checkpoint.origin,
    size: heads.length,
    root: merkleRoot(heads.map(headLeaf)),
    extensions: [`checkpoint ${checkpoint.number}`, `previous ${checkpoint.before}`],
  });
  if (expected !== text) fault("heads", "the signed root is of other heads, or another checkpoint stood before it");
  for (const head of heads) {
    const found = positions.get(placeOf(head));
    if (found !== head.hash) {
      const detail = found === undefined ? "the entry is gone" : "the entry is another than the one that was signed";
      tally.faults.push({
        chain: `${head.day}/${head.chain}`,
        seq: head.seq,
        field: "hash",
        detail: `${detail} (${chain})`,
      });
    }
  }
}

/** The heads table is no evidence, but a head beyond the last entry tells of entries cut off the end. */
async function checkHeads(
  db: Queryable,
  tenant: string,
  { ends, tally }: { ends: ReadonlyMap<string, { seq: number; hash: string }>; tally: Tally },
): Promise<void> {
  const heads = await db.query<CheckpointHead>({
    text: "select day::text, chain, seq, encode(hash, 'hex') as hash from ledger_heads where tenant = $1",
    values: [tenant],
  });
  for (const head of heads) {
    const end = ends.get(`${head.day}/${head.chain}`);
    // Entries written while this ran may be in one look and not in the other; only a chain that is too short is a fault.
    if ((end?.seq ?? 0) < head.seq && (await endsBefore(db, tenant, head))) {
      const detail = `entries after ${end?.seq ?? 0} are missing: the chain was written up to ${head.seq}`;
      tally.faults.push({ chain: `${head.day}/${head.chain}`, seq: head.seq, field: "seq", detail });
    }
  }
}

async function endsBefore(db: Queryable, tenant: string, head: CheckpointHead): Promise<boolean> {
  const rows = await db.query({
    text: "select 1 from ledger_entries where tenant = $1 and day = $2::date and chain = $3 and seq = $4",
    values: [tenant, head.day, head.chain, head.seq],
  });
  return rows.length === 0;
}

async function* readEntries(db: Queryable, tenant: string): AsyncGenerator<Row> {
  let after = { day: "0001-01-01", chain: "", seq: 0 };
  for (;;) {
    const rows = await db.query<Row>({
      name: "verify-page",
      text: `select e.day::text, e.chain, e.seq, e.kind, e.action, e.at, e.agent, e.tool, e.entity, e.status, e.cited,
                    e.body_hash, e.prev_hash, e.hash, b.salt, b.body
             from ledger_entries e
             left join ledger_bodies b on b.tenant = e.tenant and b.day = e.day and b.chain = e.chain and b.seq = e.seq
             where e.tenant = $1 and (e.day, e.chain, e.seq) > ($2::date, $3, $4)
             order by e.day, e.chain, e.seq limit ${pageSize}`,
      values: [tenant, after.day, after.chain, after.seq],
    });
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return;
    after = { day: last.day, chain: last.chain, seq: last.seq };
  }
}

const placeOf = (at: { day: string; chain: string; seq: number }): string => `${at.day}/${at.chain}/${at.seq}`;

function parseHeads(text: string): CheckpointHead[] {
  try {
    return JSON.parse(text) as CheckpointHead[];
  } catch {
    return [];
  }
}
