/** Checks one ledger entry against the one before it, and names the one thing in it that was changed. */
import type { LedgerFault } from "@airworthy/contract";

import { hashBody, hashHeader, type Header, zeroHash } from "./ledger-chain.ts";

/** An entry as the store has it now; `at` to the microsecond, where ours are whole milliseconds. */
export type StoredEntry = Omit<Header, "tenant"> & {
  readonly body_hash: Buffer;
  readonly prev_hash: Buffer;
  readonly hash: Buffer;
  readonly salt: Buffer | null;
  readonly body: string | null;
};
/** An entry that was checked: the next one may cite what is stored of it or what it should be, one of which is a fault already. */
export type CheckedEntry = { readonly seq: number; readonly hashes: readonly Buffer[] };
/** What an entry `e` and its body `b` are read by. */
export const entryColumns = `e.day::text, e.chain, e.seq, e.kind, e.action,
  to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at,
  e.agent, e.tool, e.entity, e.status, e.cited, e.body_hash, e.prev_hash, e.hash, b.salt, b.body`;
export const entryTables = `ledger_entries e
  left join ledger_bodies b on b.tenant = e.tenant and b.day = e.day and b.chain = e.chain and b.seq = e.seq`;
/** Ours are whole milliseconds; anything finer was not written by us and stays to be seen. */
export const withWholeMs = (entry: StoredEntry): StoredEntry => ({ ...entry, at: entry.at.replace(/000Z$/, "Z") });
type Found = readonly Omit<LedgerFault, "chain" | "seq">[];

/** The entry's faults; `follows` is the entry before it in its chain. */
export function checkEntry(
  tenant: string,
  entry: StoredEntry,
  follows: CheckedEntry | undefined,
): { readonly checked: CheckedEntry; readonly faults: Found } {
  const header = headerOf(tenant, entry);
  const whole = hashHeader(header, entry.body_hash, entry.prev_hash);
  const checked = { seq: entry.seq, hashes: whole.equals(entry.hash) ? [whole] : [entry.hash, whole] };
  const expectedSeq = (follows?.seq ?? 0) + 1;
  const missing = `entries ${expectedSeq} to ${entry.seq - 1} are missing`;
  const gap = entry.seq === expectedSeq ? [] : [{ field: "seq", detail: missing }];
  // After a gap nobody knows what stood before.
  const before = gap.length > 0 ? undefined : (follows?.hashes ?? [zeroHash]);
  const rest = whole.equals(entry.hash) ? checkWhole(entry, before) : nameChange(header, entry, before);
  return { checked, faults: [...gap, ...rest] };
}

function headerOf(
  tenant: string,
  { day, chain, seq, kind, action, at, agent, tool, entity, status, cited }: StoredEntry,
) {
  return { tenant, day, chain, seq, kind, action, at, agent, tool, entity, status, cited } satisfies Header;
}

/** Header and hashes fit each other; what is left is the body, and the place in the chain. */
function checkWhole(entry: StoredEntry, before: readonly Buffer[] | undefined): Found {
  const salted = saltedHash(entry);
  const body = salted?.equals(entry.body_hash) ? [] : [{ field: "body", detail: describeLoss(salted) }];
  const cites = before === undefined || before.some((hash) => hash.equals(entry.prev_hash));
  return cites ? body : [...body, { field: "prev_hash", detail: "does not cite the entry before it" }];
}

/** Puts back one thing after the other: what makes the hash right again is what was changed. */
function nameChange(header: Header, entry: StoredEntry, before: readonly Buffer[] | undefined): Found {
  const salted = saltedHash(entry);
  const isRight = (bodyHash: Buffer, prevHash: Buffer): boolean =>
    hashHeader(header, bodyHash, prevHash).equals(entry.hash);
  const detail = "was changed after it was written";
  if (before?.some((hash) => isRight(entry.body_hash, hash))) return [{ field: "prev_hash", detail }];
  if (salted && isRight(salted, entry.prev_hash)) return [{ field: "body_hash", detail }];
  const bodyIsGood = salted?.equals(entry.body_hash) ?? false;
  const lost = bodyIsGood ? [] : [{ field: "body", detail: describeLoss(salted) }];
  // The body holds a copy of the header under its own hash: where that hash is good, it tells which column was changed.
  const columns = bodyIsGood ? changedColumns(header, entry.body) : [];
  if (columns.length > 0) return columns.map((field) => ({ field, detail }));
  return [...lost, { field: "hash", detail: "the entry does not hash to what is stored: a hash was changed" }];
}

function saltedHash({ salt, body }: StoredEntry): Buffer | undefined {
  return salt === null || body === null ? undefined : hashBody(salt, body);
}

function describeLoss(salted: Buffer | undefined): string {
  return salted === undefined
    ? "is missing and no erasure of it is recorded"
    : "it or its salt was changed: its salted hash is another";
}

function changedColumns(header: Header, body: string | null): string[] {
  const copy = readHeader(body);
  return Object.entries(header)
    .filter(([name, value]) => name in copy && JSON.stringify(copy[name]) !== JSON.stringify(value))
    .map(([name]) => name);
}

/** A body that was changed together with its hash may be anything. */
function readHeader(body: string | null): Readonly<Record<string, unknown>> {
  try {
    const { header } = JSON.parse(body ?? "{}") as { header?: Record<string, unknown> };
    return typeof header === "object" && header !== null ? header : {};
  } catch {
    return {};
  }
}
