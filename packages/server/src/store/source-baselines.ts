/** Baselines of watched sources: set by a person or taken from the first records; with a new one everything begins anew. */
import { AirworthyError, type Baseline } from "@airworthy/contract";

import type { ClaimedWindow, NewBaseline, ReadinessStore } from "../kernel/readiness-store.ts";
import type { Queryable } from "./database.ts";
import type { LedgerWriter } from "./ledger-writer.ts";
import { sealSample } from "./seal-sample.ts";
import { lockWatch } from "./source-windows.ts";
import { raiseEpoch } from "./stops.ts";
import type { TenantCiphers } from "./tenant-ciphers.ts";

export type BaselineRow = {
  readonly number: number;
  readonly origin: string;
  readonly records: number;
  readonly quarantined: number;
  readonly set_by: string;
  readonly set_at: Date;
};

export function createSourceBaselines(
  writer: LedgerWriter,
  cipherOf: TenantCiphers,
): Pick<ReadinessStore, "setBaseline" | "adopt"> {
  const put = async (tx: Queryable, tenant: string, given: NewBaseline): Promise<Baseline> => {
    const at = { tenant, contract: given.contract, cipher: await cipherOf(tenant) };
    const number = await nextNumber(tx, tenant, given.contract);
    const [row] = await tx.query<BaselineRow>({
      text: `insert into source_baselines (tenant, contract, number, origin, records, quarantined, sealed, set_by)
             values ($1, $2, $3, $4, $5, $6, $7, $8)
             returning number, origin, records, quarantined, set_by, set_at`,
      values: [
        tenant,
        given.contract,
        number,
        given.origin,
        given.sample.records,
        given.sample.quarantined.records,
        sealSample(at, `baseline ${number}`, given.sample),
        given.by,
      ],
    });
    if (!row) throw new AirworthyError("internal", "The baseline was not written.");
    await beginAnew(tx, tenant, { contract: given.contract, number, by: given.by });
    return toBaseline(row);
  };
  return {
    setBaseline: (tenant, given) =>
      writer.append(tenant, async (tx) => {
        await lockWatch(tx, { tenant, contract: given.contract });
        const baseline = await put(tx, tenant, given);
        await raiseEpoch(tx, tenant);
        return { drafts: [draft(given.contract, baseline)], value: baseline };
      }),
    adopt: (window, given) =>
      writer.append(window.tenant, async (tx) => {
        const watch = await lockWatch(tx, window);
        if (watch.baseline !== 0 || !(await takeWindow(tx, window))) return { drafts: [], value: false };
        const baseline = await put(tx, window.tenant, given);
        return { drafts: [draft(given.contract, baseline)], value: true };
      }),
  };
}

const draft = (contract: string, baseline: Baseline) =>
  ({ kind: "baseline_set", body: { contract, baseline } }) as const;

async function takeWindow(tx: Queryable, { tenant, contract, number, claim }: ClaimedWindow): Promise<boolean> {
  const rows = await tx.query({
    text: `update source_windows set state = 'baseline', sealed = null
           where tenant = $1 and contract = $2 and number = $3 and claim = $4 and state = 'closed' returning 1`,
    values: [tenant, contract, number, claim],
  });
  return rows.length > 0;
}

async function nextNumber(tx: Queryable, tenant: string, contract: string): Promise<number> {
  const [row] = await tx.query<{ next: number }>({
    text: `select coalesce(max(number), 0) + 1 as next from source_baselines where tenant = $1 and contract = $2`,
    values: [tenant, contract],
  });
  return row?.next ?? 1;
}

/** Looks count from one again; what waits to be compared with the old baseline, or was found against it, is over. */
async function beginAnew(
  tx: Queryable,
  tenant: string,
  { contract, number, by }: { readonly contract: string; readonly number: number; readonly by: string },
): Promise<void> {
  await tx.query({
    text: "update source_watches set baseline = $3, looks = 0 where tenant = $1 and contract = $2",
    values: [tenant, contract, number],
  });
  await tx.query({
    text: `update source_windows set state = 'dropped', sealed = null
           where tenant = $1 and contract = $2 and state in ('open', 'closed')`,
    values: [tenant, contract],
  });
  await tx.query({
    text: `update source_baselines set sealed = null where tenant = $1 and contract = $2 and number < $3 and sealed is not null`,
    values: [tenant, contract, number],
  });
  await tx.query({
    text: `update source_findings
           set state = 'closed', decided_by = $3, decided_at = clock_timestamp(), reason = 'a new baseline was set'
           where tenant = $1 and contract = $2 and state <> 'closed'`,
    values: [tenant, contract, by],
  });
}

export function toBaseline(row: BaselineRow): Baseline {
  return {
    number: row.number,
    origin: row.origin,
    records: row.records,
    quarantined: row.quarantined,
    by: row.set_by,
    at: row.set_at.toISOString(),
  };
}
