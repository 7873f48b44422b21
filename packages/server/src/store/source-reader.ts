/** The state of sources as people see it. */
import type { BatchState, IngestConnector, SourceBatch, SourceDetail, SourceState } from "@airworthy/contract";

import type { SourceReader } from "../kernel/source-store.ts";
import type { Database } from "./database.ts";

type Row = {
  readonly connector: string;
  readonly position: string | null;
  readonly leased: boolean;
  readonly records: number;
  readonly duplicates: number;
  readonly late: number;
  readonly quarantined: number;
  readonly held: number;
  readonly last_batch: string | null;
  readonly last_at: Date | null;
  readonly lag: number | null;
  readonly caught_up_at: Date | null;
  readonly problem: string | null;
  readonly problem_at: Date | null;
};
type BatchRow = {
  readonly batch: string;
  readonly origin: string;
  readonly digest: string;
  readonly state: string;
  readonly reason: string | null;
  readonly as_of: Date | null;
  readonly received_at: Date;
  readonly records: number;
  readonly quarantined: number;
  readonly duplicates: number;
  readonly late: number;
};

const batchesShown = 20;

export function createSourceReader(db: Database): SourceReader {
  const readStates = async (tenant: string, connectors: readonly IngestConnector[]): Promise<SourceState[]> => {
    const rows = await db.query<Row>({
      text: `select connector, position, coalesce(lease_until > clock_timestamp(), false) as leased, records, duplicates, late,
                    quarantined, held, last_batch, last_at, lag, caught_up_at, problem, problem_at
             from source_state where tenant = $1 and connector = any($2)`,
      values: [tenant, connectors.map(({ name }) => name)],
    });
    const byName = new Map(rows.map((row) => [row.connector, row]));
    return connectors.map((connector) => toState(connector, byName.get(connector.name)));
  };
  return {
    list: readStates,
    read: async (tenant, connector) => {
      const [state] = await readStates(tenant, [connector]);
      const batches = await db.query<BatchRow>({
        text: `select batch, origin, digest, state, reason, as_of, received_at, records, quarantined, duplicates, late
               from source_batches where tenant = $1 and connector = $2 order by received_at desc limit ${batchesShown}`,
        values: [tenant, connector.name],
      });
      const counts = await db.query<{ record: string; count: number }>({
        text: `select record, count(*)::int as count from source_records
               where tenant = $1 and connector = $2 and state = 'latest' and not deleted group by record order by record`,
        values: [tenant, connector.name],
      });
      const current = Object.fromEntries(counts.map(({ record, count }) => [record, count]));
      const detail: SourceDetail = {
        ...(state ?? toState(connector, undefined)),
        current,
        batches: batches.map(toBatch),
      };
      return detail;
    },
  };
}

function toState({ name, type }: IngestConnector, row: Row | undefined): SourceState {
  if (!row) {
    const counts = { records: 0, duplicates: 0, late: 0, quarantined: 0, held: 0 };
    return { name, type, state: type === "webhook" ? "pushed" : "waiting", ...counts };
  }
  const { records, duplicates, late, quarantined, held } = row;
  return {
    name,
    type,
    state: stateOf(type, row),
    ...(row.problem === null || row.problem_at === null
      ? {}
      : { problem: { message: row.problem, at: row.problem_at.toISOString() } }),
    ...(row.position === null ? {} : { position: row.position }),
    ...(row.lag === null ? {} : { lag: row.lag }),
    ...(row.caught_up_at === null ? {} : { caughtUpAt: row.caught_up_at.toISOString() }),
    ...(row.last_batch === null ? {} : { lastBatch: row.last_batch }),
    ...(row.last_at === null ? {} : { lastAt: row.last_at.toISOString() }),
    records,
    duplicates,
    late,
    quarantined,
    held,
  };
}

function stateOf(type: string, row: Row): SourceState["state"] {
  if (row.problem !== null) return "failing";
  if (type === "webhook") return "pushed";
  return row.leased ? "running" : "waiting";
}

function toBatch(row: BatchRow): SourceBatch {
  return {
    batch: row.batch,
    origin: row.origin,
    digest: row.digest,
    state: row.state as BatchState,
    ...(row.reason === null ? {} : { reason: row.reason }),
    receivedAt: row.received_at.toISOString(),
    ...(row.as_of === null ? {} : { asOf: row.as_of.toISOString() }),
    records: row.records,
    quarantined: row.quarantined,
    duplicates: row.duplicates,
    late: row.late,
  };
}
