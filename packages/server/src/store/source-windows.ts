/** Windows of watched sources: filled by all nodes, each one closed once, compared by one node. */

import type { ClaimedWindow, ReadinessStore, WatchAt, WindowPart } from "../kernel/readiness-store.ts";
import type { Database, Queryable } from "./database.ts";
import { openSample, sealSample } from "./seal-sample.ts";
import type { TenantCiphers } from "./tenant-ciphers.ts";
import type { ValueCipher } from "./value-cipher.ts";

const claimMs = 60_000;

type WatchRow = { readonly baseline: number; readonly looks: number; readonly windows: number };
type OpenRow = { readonly number: number; readonly sealed: Buffer | null };

export function createSourceWindows(
  db: Database,
  cipherOf: TenantCiphers,
): Pick<ReadinessStore, "add" | "closeAfter" | "claim"> {
  return {
    add: async (at, part) => {
      const cipher = await cipherOf(at.tenant);
      return db.transaction((tx) => addPart(tx, { ...at, cipher }, part));
    },
    closeAfter: async ({ tenant, contract }, { ms, records }) => {
      await db.query({
        name: "source-window-close",
        text: `update source_windows set state = 'closed', closed_at = clock_timestamp()
               where tenant = $1 and contract = $2 and state = 'open' and baseline > 0 and records + quarantined >= $3
                 and opened_at <= clock_timestamp() - $4 * interval '1 millisecond'`,
        values: [tenant, contract, records, ms],
      });
    },
    claim: async (tenant, contracts) => {
      const cipher = await cipherOf(tenant);
      return db.transaction((tx) => claimWindow(tx, { tenant, cipher }, contracts));
    },
  };
}

/** What was found in them stays; that they were, is of no more use. */
export async function forgetWindows(db: Queryable, tenant: string, olderThanMs: number): Promise<void> {
  await db.query({
    text: `delete from source_windows
           where tenant = $1 and state in ('compared', 'baseline', 'dropped')
             and opened_at < clock_timestamp() - $2 * interval '1 millisecond'`,
    values: [tenant, olderThanMs],
  });
}

/** The watch's row, locked: made where there is none. */
export async function lockWatch(tx: Queryable, { tenant, contract }: WatchAt): Promise<WatchRow> {
  await tx.query({
    name: "source-watch-make",
    text: "insert into source_watches (tenant, contract) values ($1, $2) on conflict do nothing",
    values: [tenant, contract],
  });
  const [row] = await tx.query<WatchRow>({
    name: "source-watch-lock",
    text: "select baseline, looks, windows from source_watches where tenant = $1 and contract = $2 for update",
    values: [tenant, contract],
  });
  if (!row) throw new Error("A row that was just made is not there.");
  return row;
}

type Sealing = WatchAt & { readonly cipher: ValueCipher };

async function addPart(
  tx: Queryable,
  at: Sealing,
  part: WindowPart,
): Promise<{ window: number; isFull: boolean } | undefined> {
  const { tenant, contract } = at;
  const watch = await lockWatch(tx, at);
  if (watch.baseline === 0 && part.collects === undefined) return undefined;
  const open = await openWindow(tx, at, watch);
  const held = open.sealed === null ? undefined : openSample(at, `window ${open.number}`, open.sealed);
  const sample = part.merge(held);
  const seen = sample.records + sample.quarantined.records;
  const isFull = watch.baseline === 0 ? sample.records >= (part.collects ?? 0) : seen >= part.full;
  await tx.query({
    name: "source-window-fill",
    text: `update source_windows set records = $4, quarantined = $5, sealed = $6,
                  state = case when $7 then 'closed' else state end,
                  closed_at = case when $7 then clock_timestamp() end
           where tenant = $1 and contract = $2 and number = $3`,
    values: [
      tenant,
      contract,
      open.number,
      sample.records,
      sample.quarantined.records,
      sealSample(at, `window ${open.number}`, sample),
      isFull,
    ],
  });
  return { window: open.number, isFull };
}

async function openWindow(tx: Queryable, { tenant, contract }: WatchAt, watch: WatchRow): Promise<OpenRow> {
  const [open] = await tx.query<OpenRow>({
    name: "source-window-open",
    text: "select number, sealed from source_windows where tenant = $1 and contract = $2 and state = 'open'",
    values: [tenant, contract],
  });
  if (open) return open;
  const number = watch.windows + 1;
  await tx.query({
    text: `insert into source_windows (tenant, contract, number, baseline, state, records, quarantined)
           values ($1, $2, $3, $4, 'open', 0, 0)`,
    values: [tenant, contract, number, watch.baseline],
  });
  await tx.query({
    text: "update source_watches set windows = $3 where tenant = $1 and contract = $2",
    values: [tenant, contract, number],
  });
  return { number, sealed: null };
}

type ClaimRow = {
  readonly contract: string;
  readonly number: number;
  readonly baseline: number;
  readonly claim: number;
  readonly look: number | null;
  readonly sealed: Buffer;
};

/** A look is counted when the window is claimed, so that no two windows ever spend the same part of alpha. */
async function claimWindow(
  tx: Queryable,
  { tenant, cipher }: { readonly tenant: string; readonly cipher: ValueCipher },
  contracts: readonly string[],
): Promise<ClaimedWindow | undefined> {
  const [row] = await tx.query<ClaimRow>({
    name: "source-window-claim",
    text: `update source_windows w
           set claim = w.claim + 1, claimed_until = clock_timestamp() + ${claimMs} * interval '1 millisecond'
           from (select contract, number from source_windows
                 where tenant = $1 and contract = any($2) and state = 'closed'
                   and coalesce(claimed_until, '-infinity') < clock_timestamp()
                 order by contract, number limit 1 for update skip locked) due
           where w.tenant = $1 and w.contract = due.contract and w.number = due.number
           returning w.contract, w.number, w.baseline, w.claim, w.look, w.sealed`,
    values: [tenant, contracts],
  });
  if (!row) return undefined;
  const { contract, number, claim } = row;
  const at = { tenant, contract, cipher };
  const sample = openSample(at, `window ${number}`, row.sealed);
  if (row.baseline === 0) return { tenant, contract, number, claim, look: 0, sample, baseline: undefined };
  const [reference] = await tx.query<{ sealed: Buffer }>({
    text: `select sealed from source_baselines where tenant = $1 and contract = $2 and number = $3`,
    values: [tenant, contract, row.baseline],
  });
  if (!reference) return undefined;
  const look = row.look ?? (await countLook(tx, at, number));
  const baseline = { number: row.baseline, sample: openSample(at, `baseline ${row.baseline}`, reference.sealed) };
  return { tenant, contract, number, claim, look, sample, baseline };
}

async function countLook(tx: Queryable, { tenant, contract }: WatchAt, number: number): Promise<number> {
  const [watch] = await tx.query<{ looks: number }>({
    text: "update source_watches set looks = looks + 1 where tenant = $1 and contract = $2 returning looks",
    values: [tenant, contract],
  });
  const look = watch?.looks ?? 1;
  await tx.query({
    text: "update source_windows set look = $4 where tenant = $1 and contract = $2 and number = $3",
    values: [tenant, contract, number, look],
  });
  return look;
}
