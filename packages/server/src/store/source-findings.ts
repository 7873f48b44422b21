/** Findings in watched sources: written with the window that they were found in, answered by people, and seen by every node. */
import { AirworthyError, ReadinessFinding } from "@airworthy/contract";
import type { FindingId, FindingState, Json, WatchedFinding } from "@airworthy/contract";

import { newId } from "../kernel/ids.ts";
import type { ClaimedWindow, ReadinessStore } from "../kernel/readiness-store.ts";
import type { Queryable } from "./database.ts";
import type { LedgerWriter } from "./ledger-writer.ts";
import { lockWatch } from "./source-windows.ts";
import { raiseEpoch } from "./stops.ts";
import type { TenantCiphers } from "./tenant-ciphers.ts";
import type { ValueCipher } from "./value-cipher.ts";

export type FindingRow = {
  readonly id: FindingId;
  readonly contract: string;
  readonly baseline: number;
  readonly kind: string;
  readonly field: string;
  readonly severity: string;
  readonly state: FindingState;
  readonly first_window: number;
  readonly last_window: number;
  readonly windows: number;
  readonly sealed: Buffer;
  readonly opened_at: Date;
  readonly last_at: Date;
  readonly decided_by: string | null;
  readonly decided_at: Date | null;
  readonly reason: string | null;
};
export const findingColumns = `id, contract, baseline, kind, field, severity, state, first_window, last_window, windows, sealed,
  opened_at, last_at, decided_by, decided_at, reason`;

export function createSourceFindings(
  writer: LedgerWriter,
  cipherOf: TenantCiphers,
): Pick<ReadinessStore, "settle" | "decide"> {
  return {
    settle: async (window, judged) => {
      const cipher = await cipherOf(window.tenant);
      return writer.append(window.tenant, async (tx) => {
        await lockWatch(tx, window);
        if (!(await endWindow(tx, window, judged))) return { drafts: [], value: false };
        const found: Written[] = [];
        // oxlint-disable-next-line no-await-in-loop -- one connection answers one statement after the other
        for (const one of judged.findings) found.push(await writeFinding(tx, { ...window, cipher }, one));
        const news = found.filter(({ isNew }) => isNew);
        if (news.some(({ severity }) => severity === "severe")) await raiseEpoch(tx, window.tenant);
        const { contract, number, look, baseline } = window;
        const body = {
          contract,
          window: number,
          baseline: baseline?.number,
          look,
          level: judged.level,
          findings: news,
        };
        // Of what was found the ledger has all but the words, which may hold values.
        return { drafts: news.length === 0 ? [] : [{ kind: "readiness_found", body }], value: true };
      });
    },
    decide: (tenant, decision) =>
      writer.append(tenant, async (tx) => {
        const row = await decideFinding(tx, tenant, decision);
        if (row.severity === "severe") await raiseEpoch(tx, tenant);
        const { id, contract, kind, field, severity } = row;
        const { state, by, reason } = decision;
        const body = { finding: { id, contract, kind, field, severity }, state, by, reason };
        return {
          drafts: [{ kind: "readiness_decided", body }],
          value: toWatchedFinding(row, { tenant, cipher: await cipherOf(tenant) }),
        };
      }),
  };
}

/** The contracts of a tenant with a severe finding that nobody has answered. */
export async function listNotReady(db: Queryable, tenant: string): Promise<readonly string[]> {
  const rows = await db.query<{ contract: string }>({
    text: `select distinct contract from source_findings where tenant = $1 and state = 'open' and severity = 'severe'`,
    values: [tenant],
  });
  return rows.map(({ contract }) => contract);
}

/** False when it was claimed again since, or a new baseline has dropped it. */
async function endWindow(
  tx: Queryable,
  { tenant, contract, number, claim }: ClaimedWindow,
  { level, findings }: Parameters<ReadinessStore["settle"]>[1],
): Promise<boolean> {
  const severe = findings.filter(({ severity }) => severity === "severe").length;
  const rows = await tx.query({
    text: `update source_windows set state = 'compared', sealed = null, level = $5, severe = $6, notices = $7
           where tenant = $1 and contract = $2 and number = $3 and claim = $4 and state = 'closed' returning 1`,
    values: [tenant, contract, number, claim, level, severe, findings.length - severe],
  });
  return rows.length > 0;
}

type Written = {
  readonly id: string;
  readonly kind: string;
  readonly field?: string;
  readonly severity: string;
  readonly evidence?: ReadinessFinding["evidence"];
  readonly isNew: boolean;
};

async function writeFinding(
  tx: Queryable,
  at: ClaimedWindow & { readonly cipher: ValueCipher },
  finding: ReadinessFinding,
): Promise<Written> {
  const { kind, field = "", severity } = finding;
  const [known] = await tx.query<{ id: FindingId; severity: string }>({
    text: `select id, severity from source_findings where tenant = $1 and contract = $2 and baseline = $3 and kind = $4 and field = $5
             and state <> 'closed'`,
    values: [at.tenant, at.contract, at.baseline?.number ?? 0, kind, field],
  });
  const told = { kind, ...(field === "" ? {} : { field }), severity, ...evidenceOf(finding) };
  if (!known) return { id: await insertFinding(tx, at, finding), ...told, isNew: true };
  const isWorse = severity === "severe" && known.severity !== "severe";
  // What was severe stays so until somebody answers; whoever knew of a notice does not yet know that it has become severe.
  const isMilder = severity !== "severe" && known.severity === "severe";
  const sealed = at.cipher.seal(toJson(finding), placeOf(at.tenant, known.id));
  await tx.query({
    text: `update source_findings
           set last_window = greatest(last_window, $3), windows = windows + 1, last_at = clock_timestamp(),
               sealed = case when $4 then sealed else $5 end, severity = case when $4 then severity else $6 end,
               state = case when $7 then 'open' else state end
           where tenant = $1 and id = $2`,
    values: [at.tenant, known.id, at.number, isMilder, sealed, severity, isWorse],
  });
  return { id: known.id, ...told, isNew: isWorse };
}

const evidenceOf = ({ evidence }: ReadinessFinding): Pick<Written, "evidence"> =>
  evidence === undefined ? {} : { evidence };

async function insertFinding(
  tx: Queryable,
  at: ClaimedWindow & { readonly cipher: ValueCipher },
  finding: ReadinessFinding,
): Promise<FindingId> {
  const id = newId("fnd");
  await tx.query({
    text: `insert into source_findings (tenant, id, contract, baseline, kind, field, severity, state, first_window, last_window, sealed)
           values ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $8, $9)`,
    values: [
      at.tenant,
      id,
      at.contract,
      at.baseline?.number ?? 0,
      finding.kind,
      finding.field ?? "",
      finding.severity,
      at.number,
      at.cipher.seal(toJson(finding), placeOf(at.tenant, id)),
    ],
  });
  return id;
}

async function decideFinding(
  tx: Queryable,
  tenant: string,
  { id, state, by, reason }: Parameters<ReadinessStore["decide"]>[1],
): Promise<FindingRow> {
  const [row] = await tx.query<FindingRow>({
    text: `update source_findings set state = $3, decided_by = $4, decided_at = clock_timestamp(), reason = $5
           where tenant = $1 and id = $2 and state <> 'closed' and state <> $3 returning ${findingColumns}`,
    values: [tenant, id, state, by, reason],
  });
  if (row) return row;
  const [now] = await tx.query<{ state: string; decided_by: string | null }>({
    text: "select state, decided_by from source_findings where tenant = $1 and id = $2",
    values: [tenant, id],
  });
  if (!now) throw new AirworthyError("not_found", `There is no finding ${id}.`, { place: "$.id" });
  throw new AirworthyError("conflict", `${id} was ${now.state} by ${now.decided_by ?? "somebody"} already.`, {
    place: "$.id",
    fix: "See how it stands: airworthy sources readiness --all",
  });
}

export function toWatchedFinding(
  row: FindingRow,
  { tenant, cipher }: { readonly tenant: string; readonly cipher: ValueCipher },
): WatchedFinding {
  return {
    id: row.id,
    contract: row.contract,
    state: row.state,
    baseline: row.baseline,
    firstWindow: row.first_window,
    lastWindow: row.last_window,
    windows: row.windows,
    openedAt: row.opened_at.toISOString(),
    lastAt: row.last_at.toISOString(),
    ...(row.decided_by === null ? {} : { decidedBy: row.decided_by }),
    ...(row.decided_at === null ? {} : { decidedAt: row.decided_at.toISOString() }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    finding: ReadinessFinding.parse(cipher.open(row.sealed, placeOf(tenant, row.id))),
  };
}

const placeOf = (tenant: string, id: string): string => JSON.stringify(["source finding", tenant, id]);
const toJson = (finding: ReadinessFinding): Json => JSON.parse(JSON.stringify(finding));
