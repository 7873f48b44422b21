/** Verification: recomputes every chain and every checkpoint, and names what does not fit. Trusts nothing but the public key. */
import type { LedgerFault, LedgerVerification } from "@airworthy/contract";

import type { NoteVerifier } from "../kernel/signed-note.ts";
import type { CheckpointHead } from "./checkpoints.ts";
import type { Queryable } from "./database.ts";
import { checkHeads, checkPredecessors, type ReadChain } from "./verify-chains.ts";
import { checkCheckpoints, readCheckpoints, readHeads } from "./verify-checkpoints.ts";
import {
  checkEntry,
  type CheckedEntry,
  entryColumns,
  entryTables,
  type StoredEntry,
  withWholeMs,
} from "./verify-entry.ts";

type With = { readonly verifier: NoteVerifier; readonly onProgress?: (entries: number) => void };

const pageSize = 2000;
/** More faults than this are counted only: they say nothing more. */
const faultsMax = 100;

export async function verifyLedger(
  db: Queryable,
  tenant: string,
  { verifier, onProgress }: With,
): Promise<LedgerVerification> {
  const checkpoints = await readCheckpoints(db, tenant);
  const signed = new Set(checkpoints.flatMap(({ heads }) => readHeads(heads).map(placeOf)));
  const positions = new Map<string, readonly string[]>();
  const chains = new Map<string, ReadChain>();
  const faults: LedgerVerification["faults"] = [];
  let faultCount = 0;
  const note = (fault: LedgerFault): void => {
    faultCount += 1;
    if (faults.length < faultsMax) faults.push(fault);
  };
  let entries = 0;
  for await (const entry of readEntries(db, tenant)) {
    const chain = `${entry.day}/${entry.chain}`;
    const before = chains.get(chain);
    const { checked, faults: found } = checkEntry(tenant, entry, before?.end);
    for (const fault of found) note({ chain, seq: entry.seq, ...fault });
    chains.set(chain, { end: checked, opening: before ? before.opening : entry.body });
    if (signed.has(placeOf(entry))) positions.set(placeOf(entry), hexOf(checked));
    entries += 1;
    if (entries % pageSize === 0) onProgress?.(entries);
  }
  const hashesAt = (head: CheckpointHead): readonly string[] | undefined => positions.get(placeOf(head));
  for (const fault of checkCheckpoints({ checkpoints, tenant }, { verifier, hashesAt })) note(fault);
  for (const fault of await checkHeads(db, tenant, { chains, faults })) note(fault);
  for (const fault of await checkPredecessors(db, tenant, { chains, faults })) note(fault);
  return {
    ok: faultCount === 0,
    entries,
    chains: chains.size,
    checkpoints: checkpoints.length,
    erased: 0,
    faultCount,
    faults,
  };
}

async function* readEntries(db: Queryable, tenant: string): AsyncGenerator<StoredEntry> {
  let after = { day: "0001-01-01", chain: "", seq: 0 };
  for (;;) {
    const rows = await db.query<StoredEntry>({
      name: "verify-page",
      text: `select ${entryColumns} from ${entryTables}
             where e.tenant = $1 and (e.day, e.chain, e.seq) > ($2::date, $3, $4)
             order by e.day, e.chain, e.seq limit ${pageSize}`,
      values: [tenant, after.day, after.chain, after.seq],
    });
    yield* rows.map(withWholeMs);
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return;
    after = { day: last.day, chain: last.chain, seq: last.seq };
  }
}

const hexOf = ({ hashes }: CheckedEntry): string[] => hashes.map((hash) => hash.toString("hex"));
const placeOf = (at: { day: string; chain: string; seq: number }): string => `${at.day}/${at.chain}/${at.seq}`;
