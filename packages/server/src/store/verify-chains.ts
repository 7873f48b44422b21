/** Checks what stands beside the chains: their heads, and the predecessor that each chain cites when it opens. */
import type { LedgerFault } from "@airworthy/contract";

import type { Queryable } from "./database.ts";
import type { CheckedEntry } from "./verify-entry.ts";

/** A chain as it was read: where it ends, and the body of its first entry. */
export type ReadChain = { readonly end: CheckedEntry; readonly opening: string | null };
/** By `day/chain`. */
export type ReadChains = ReadonlyMap<string, ReadChain>;
type Read = { readonly chains: ReadChains; readonly faults: readonly LedgerFault[] };

type HeadRow = {
  readonly day: string;
  readonly chain: string;
  readonly seq: number;
  readonly hash: Buffer;
  readonly is_same_time: boolean | null;
  readonly entry_hash: Buffer | null;
};

/**
 * The heads table is no evidence, but a head beyond the last entry tells of entries cut off the end. Read after the
 * entries: what was written meanwhile makes a head stand beyond what was read, and then its entry is there.
 */
export async function checkHeads(db: Queryable, tenant: string, { chains, faults }: Read): Promise<LedgerFault[]> {
  const heads = await db.query<HeadRow>({
    text: `select h.day::text, h.chain, h.seq, h.hash, e.hash as entry_hash, e.at = h.at as is_same_time
           from ledger_heads h left join ledger_entries e
             on e.tenant = h.tenant and e.day = h.day and e.chain = h.chain and e.seq = h.seq
           where h.tenant = $1`,
    values: [tenant],
  });
  const known = new Set(heads.map((head) => `${head.day}/${head.chain}`));
  const headless = [...chains].filter(([chain]) => !known.has(chain));
  return [
    ...headless.map(([chain, { end }]) => ({ chain, seq: end.seq, field: "head", detail: "the chain has no head" })),
    ...heads.flatMap((head) => checkHead(head, chains.get(`${head.day}/${head.chain}`)?.end, isNamed(faults))),
  ];
}

/** Whether an entry's own fault is named already: then it is not named again by what refers to it. */
const isNamed = (faults: readonly LedgerFault[]): ((place: string) => boolean) => {
  const named = new Set(faults.map(({ chain, seq }) => `${chain}/${seq}`));
  return (place) => named.has(place);
};

function checkHead(head: HeadRow, end: CheckedEntry | undefined, named: (place: string) => boolean): LedgerFault[] {
  const at = { chain: `${head.day}/${head.chain}`, seq: head.seq };
  const last = end?.seq ?? 0;
  if (head.entry_hash === null) {
    const detail = `entries after ${last} are missing: the chain was written up to ${head.seq}`;
    return [{ ...at, field: "seq", detail }];
  }
  if (head.seq < last)
    return [{ ...at, field: "head.seq", detail: `the head was changed: the chain goes on to ${last}` }];
  const hashes = head.seq === last ? (end?.hashes ?? []) : [head.entry_hash];
  if (!hashes.some((hash) => hash.equals(head.hash))) {
    return [{ ...at, field: "head.hash", detail: "the head names another hash than its entry has" }];
  }
  if (head.is_same_time === false && !named(placeOf(head))) {
    return [{ ...at, field: "head.at", detail: "the head names another time than its entry has" }];
  }
  return [];
}

/** Every chain but the first cites the one before it: a chain that is gone altogether is missed by its successor. */
export async function checkPredecessors(db: Queryable, tenant: string, read: Read): Promise<LedgerFault[]> {
  const cited = [...read.chains].flatMap(([chain, { opening }]) => {
    const predecessor = readPredecessor(opening);
    return predecessor ? [{ chain, predecessor }] : [];
  });
  // Of a chain that is not there nothing can be asked.
  const there = cited.map(({ predecessor }) => predecessor).filter((one) => read.chains.has(`${one.day}/${one.chain}`));
  const rows = await db.query<{ day: string; chain: string; seq: number; hash: string }>({
    text: `select e.day::text, e.chain, e.seq, encode(e.hash, 'hex') as hash from ledger_entries e
           join unnest($2::text[], $3::text[], $4::int[]) as r(day, chain, seq)
             on e.day = r.day::date and e.chain = r.chain and e.seq = r.seq
           where e.tenant = $1`,
    values: [tenant, there.map((one) => one.day), there.map((one) => one.chain), there.map((one) => one.seq)],
  });
  const hashes = new Map(rows.map((row) => [placeOf(row), row.hash]));
  const named = isNamed(read.faults);
  return cited.flatMap(({ chain, predecessor }) => {
    const place = placeOf(predecessor);
    const found = hashes.get(place);
    if (found === predecessor.hash || (found !== undefined && named(place))) return [];
    const what = found === undefined ? "is gone" : "is another than it was";
    return [{ chain, seq: 1, field: "predecessor", detail: `${place}, which this chain followed, ${what}` }];
  });
}

type Predecessor = { readonly day: string; readonly chain: string; readonly seq: number; readonly hash: string };
const placeOf = ({ day, chain, seq }: Omit<Predecessor, "hash">): string => `${day}/${chain}/${seq}`;

/** Undefined for the first chain of all, and for a body that is no longer one of ours, which is a fault already. */
function readPredecessor(opening: string | null): Predecessor | undefined {
  try {
    const { predecessor } = JSON.parse(opening ?? "{}") as { predecessor?: Partial<Predecessor> | null };
    const { day, chain, seq, hash } = predecessor ?? {};
    const isWhole = typeof day === "string" && typeof chain === "string" && Number.isInteger(seq);
    return isWhole && typeof hash === "string" ? { day, chain, seq: seq ?? 0, hash } : undefined;
  } catch {
    return undefined;
  }
}
