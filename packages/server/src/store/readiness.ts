/** Watched sources in the store, as one port, and as people read them. */
import type { SourceWindow, WindowState } from "@airworthy/contract";

import type { ReadinessStore, WatchRead } from "../kernel/readiness-store.ts";
import type { Database } from "./database.ts";
import type { LedgerWriter } from "./ledger-writer.ts";
import { type BaselineRow, createSourceBaselines, toBaseline } from "./source-baselines.ts";
import { createSourceFindings, findingColumns, type FindingRow, toWatchedFinding } from "./source-findings.ts";
import { createSourceWindows } from "./source-windows.ts";
import { createTenantCiphers, type TenantCiphers } from "./tenant-ciphers.ts";

const windowsShown = 20;
const findingsShown = 200;

export function createReadinessStore(db: Database, writer: LedgerWriter): ReadinessStore {
  const cipherOf = createTenantCiphers(db);
  return {
    ...createSourceWindows(db, cipherOf),
    ...createSourceBaselines(writer, cipherOf),
    ...createSourceFindings(writer, cipherOf),
    read: (tenant, which) => readWatches(db, cipherOf, { tenant, ...which }),
  };
}

type Asked = { readonly tenant: string; readonly contracts: readonly string[]; readonly closed: boolean };
type WindowRow = {
  readonly contract: string;
  readonly number: number;
  readonly state: WindowState;
  readonly records: number;
  readonly quarantined: number;
  readonly opened_at: Date;
  readonly closed_at: Date | null;
  readonly look: number | null;
  readonly level: number | null;
  readonly severe: number;
  readonly notices: number;
};

async function readWatches(
  db: Database,
  cipherOf: TenantCiphers,
  { tenant, contracts, closed }: Asked,
): Promise<WatchRead[]> {
  const cipher = await cipherOf(tenant);
  const values = [tenant, contracts];
  const [watches, baselines, windows, findings] = await Promise.all([
    db.query<{ contract: string; looks: number }>({
      text: "select contract, looks from source_watches where tenant = $1 and contract = any($2)",
      values,
    }),
    db.query<BaselineRow & { contract: string }>({
      text: `select b.contract, b.number, b.origin, b.records, b.quarantined, b.set_by, b.set_at
             from source_watches w
             join source_baselines b on b.tenant = w.tenant and b.contract = w.contract and b.number = w.baseline
             where w.tenant = $1 and w.contract = any($2)`,
      values,
    }),
    db.query<WindowRow>({
      text: `select n.* from unnest($2::text[]) as asked(contract)
             cross join lateral
               (select contract, number, state, records, quarantined, opened_at, closed_at, look, level, severe, notices
                from source_windows where tenant = $1 and contract = asked.contract
                order by number desc limit ${windowsShown}) n`,
      values,
    }),
    db.query<FindingRow>({
      text: `select ${findingColumns} from source_findings
             where tenant = $1 and contract = any($2) and ($3 or state <> 'closed')
             order by opened_at desc limit ${findingsShown}`,
      values: [...values, closed],
    }),
  ]);
  return contracts.map((contract) => {
    const own = <T extends { readonly contract: string }>(rows: readonly T[]): T[] =>
      rows.filter((row) => row.contract === contract);
    const [baseline] = own(baselines);
    return {
      contract,
      looks: own(watches)[0]?.looks ?? 0,
      baseline: baseline === undefined ? undefined : toBaseline(baseline),
      windows: own(windows).map(toWindow),
      findings: own(findings).map((row) => toWatchedFinding(row, { tenant, cipher })),
    };
  });
}

function toWindow(row: WindowRow): SourceWindow {
  return {
    number: row.number,
    state: row.state,
    records: row.records,
    quarantined: row.quarantined,
    openedAt: row.opened_at.toISOString(),
    ...(row.closed_at === null ? {} : { closedAt: row.closed_at.toISOString() }),
    ...(row.look === null ? {} : { look: row.look }),
    ...(row.level === null ? {} : { level: row.level }),
    severe: row.severe,
    notices: row.notices,
  };
}
