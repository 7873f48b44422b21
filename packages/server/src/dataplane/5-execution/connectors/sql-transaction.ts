/** Runs one statement in one transaction and keeps account of how far it came, since that decides what a failure means. */
import { AirworthyError } from "@airworthy/contract";
import type { Json, JsonObject } from "@airworthy/contract";
import type { Pool, PoolClient, QueryArrayResult } from "pg";

import type { SqlStatement } from "./sql-statement.ts";
import { sqlTypes } from "./sql-types.ts";

/** Nothing commits before `committing`, so whatever fails earlier has changed nothing. */
export type SqlPhase = "connecting" | "open" | "committing";

export type SqlWork = {
  readonly statement: SqlStatement;
  readonly values: readonly unknown[];
  readonly effect: "read" | "write";
  readonly maxRows: number;
  /** Monotonic: the whole transaction must be over by then. */
  readonly deadlineMonoMs: number;
  /** Monotonic: COMMIT must have left by then, or it must not leave. */
  readonly dispatchBeforeMonoMs: number;
};
export type SqlRows = { readonly rows: readonly JsonObject[]; readonly rowCount: number; readonly truncated: boolean };
export type SqlEnd =
  | { readonly kind: "done"; readonly result: SqlRows }
  /** `expired`: our own time was over, so the connection was given up. */
  | { readonly kind: "failed"; readonly phase: SqlPhase; readonly error: unknown; readonly expired: boolean };

type Progress = { phase: SqlPhase; expired: boolean; client: PoolClient | undefined };

/** The server's own statement_timeout comes first and ends cleanly; this is for a server that no longer speaks. */
const graceMs = 500;

/** Never rejects. */
export async function runTransaction(pool: Pool, work: SqlWork): Promise<SqlEnd> {
  const progress: Progress = { phase: "connecting", expired: false, client: undefined };
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<SqlEnd>((resolve) => {
    timer = setTimeout(
      () => {
        progress.expired = true;
        resolve({ kind: "failed", phase: progress.phase, error: undefined, expired: true });
        release(progress, true);
      },
      work.deadlineMonoMs - performance.now() + graceMs,
    );
  });
  const end = await Promise.race([perform(pool, work, progress), expiry]);
  clearTimeout(timer);
  return end;
}

async function perform(pool: Pool, work: SqlWork, progress: Progress): Promise<SqlEnd> {
  try {
    const client = await pool.connect();
    progress.client = client;
    if (progress.expired) release(progress, false);
    checkTime(work, progress);
    await client.query(openingOf(work));
    progress.phase = "open";
    const result = work.effect === "read" ? await read(client, work) : await write(client, work, progress);
    release(progress, false);
    return { kind: "done", result };
  } catch (error) {
    const { phase, expired } = progress;
    await rollBack(progress);
    return { kind: "failed", phase, error, expired };
  }
}

function openingOf(work: SqlWork): string {
  const leftMs = Math.max(1, Math.ceil(work.deadlineMonoMs - performance.now()));
  return [
    work.effect === "read" ? "BEGIN READ ONLY" : "BEGIN READ WRITE",
    `SET LOCAL statement_timeout = ${leftMs}`,
    "SET LOCAL datestyle = 'ISO, MDY'",
    // The statement was split into strings and parameters under this rule.
    "SET LOCAL standard_conforming_strings = on",
  ].join("; ");
}

/** A cursor, so that the server stops after the rows that may be answered. */
async function read(client: PoolClient, work: SqlWork): Promise<SqlRows> {
  const { statement, values, maxRows } = work;
  const text = `DECLARE airworthy_rows NO SCROLL CURSOR FOR ${statement.text}`;
  await client.query({ text, values: [...values] });
  const fetched = await client.query<Json[]>({
    text: `FETCH ${maxRows + 1} FROM airworthy_rows`,
    types: sqlTypes,
    rowMode: "array",
  });
  await client.query("COMMIT");
  return toRows(fetched, maxRows, undefined);
}

async function write(client: PoolClient, work: SqlWork, progress: Progress): Promise<SqlRows> {
  const { statement, values, maxRows } = work;
  const changed = await client.query<Json[]>({
    text: statement.text,
    values: [...values],
    types: sqlTypes,
    rowMode: "array",
  });
  // COMMIT is what makes the effect; recovery waits past dispatch and timeout, so it must not leave after both.
  checkTime(work, progress);
  progress.phase = "committing";
  const { command } = await client.query("COMMIT");
  if (command !== "COMMIT") {
    progress.phase = "open";
    throw new AirworthyError("internal", "The database rolled the transaction back.");
  }
  return toRows(changed, maxRows, changed.rowCount ?? 0);
}

function toRows(result: QueryArrayResult<Json[]>, maxRows: number, rowCount: number | undefined): SqlRows {
  const names = result.fields.map((field) => field.name);
  const rows = result.rows.slice(0, maxRows).map((row) => nameColumns(names, row));
  return { rows, rowCount: rowCount ?? rows.length, truncated: result.rows.length > maxRows };
}

function nameColumns(names: readonly string[], row: readonly Json[]): JsonObject {
  return Object.fromEntries(names.map((name, index) => [name, row[index] ?? null]));
}

function checkTime(work: SqlWork, progress: Progress): void {
  const now = performance.now();
  if (!progress.expired && now < work.deadlineMonoMs && now < work.dispatchBeforeMonoMs) return;
  progress.expired = true;
  throw new AirworthyError("unavailable", "The time of the call was over before it could commit.", { retryable: true });
}

async function rollBack(progress: Progress): Promise<void> {
  const { client, phase } = progress;
  if (client === undefined) return;
  // After a failed COMMIT or on a broken connection there is nothing left to keep.
  if (phase !== "open") {
    release(progress, true);
    return;
  }
  try {
    await client.query("ROLLBACK");
    release(progress, false);
  } catch {
    release(progress, true);
  }
}

/** Once only: the driver throws when a connection is given back twice. */
function release(progress: Progress, broken: boolean): void {
  const { client } = progress;
  progress.client = undefined;
  client?.release(broken);
}
