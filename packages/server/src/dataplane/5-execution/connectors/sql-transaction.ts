/** Runs one statement in one transaction and keeps account of how far it came, since that decides what a failure means. */
import { AirworthyError } from "@airworthy/contract";

import type { SqlFault, SqlPool, SqlRows, SqlSession, SqlWork } from "./sql-driver.ts";

/** Nothing commits before `committing`, so whatever fails earlier has changed nothing; but for `kept`: tables without transactions. */
export type SqlPhase = "connecting" | "open" | "committing" | "kept";

export type SqlEnd =
  | { readonly kind: "done"; readonly result: SqlRows }
  /** `expired`: our own time was over, so the connection was given up. `fault`: what the server said, if it did. */
  | {
      readonly kind: "failed";
      readonly phase: SqlPhase;
      readonly error: unknown;
      readonly fault: SqlFault | undefined;
      readonly expired: boolean;
    };

type Progress = { phase: SqlPhase; expired: boolean; session: SqlSession | undefined };

/** The server's own limit comes first and ends cleanly; this is for a server that no longer speaks. */
const graceMs = 500;

/** Never rejects. */
export async function runTransaction(pool: SqlPool, work: SqlWork): Promise<SqlEnd> {
  const progress: Progress = { phase: "connecting", expired: false, session: undefined };
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<SqlEnd>((resolve) => {
    timer = setTimeout(
      () => {
        progress.expired = true;
        resolve({ kind: "failed", phase: progress.phase, error: undefined, fault: undefined, expired: true });
        release(progress, true);
      },
      work.deadlineMonoMs - performance.now() + graceMs,
    );
  });
  const end = await Promise.race([perform(pool, work, progress), expiry]);
  clearTimeout(timer);
  return end;
}

async function perform(pool: SqlPool, work: SqlWork, progress: Progress): Promise<SqlEnd> {
  try {
    const session = await pool.connect();
    progress.session = session;
    if (progress.expired) release(progress, false);
    checkTime(work, progress);
    await session.begin(work);
    progress.phase = "open";
    const result = work.effect === "read" ? await session.read(work) : await write(session, work, progress);
    release(progress, false);
    return { kind: "done", result };
  } catch (error) {
    const fault = pool.faultOf(error);
    await rollBack(progress);
    return { kind: "failed", phase: progress.phase, error, fault, expired: progress.expired };
  }
}

async function write(session: SqlSession, work: SqlWork, progress: Progress): Promise<SqlRows> {
  const changed = await session.write(work);
  // COMMIT is what makes the effect; recovery waits past dispatch and timeout, so it must not leave after both.
  checkTime(work, progress);
  progress.phase = "committing";
  try {
    await session.commit();
  } catch (error) {
    if (error instanceof AirworthyError) progress.phase = "open";
    throw error;
  }
  return changed;
}

function checkTime(work: SqlWork, progress: Progress): void {
  const now = performance.now();
  if (!progress.expired && now < work.deadlineMonoMs && now < work.dispatchBeforeMonoMs) return;
  progress.expired = true;
  throw new AirworthyError("unavailable", "The time of the call was over before it could commit.", { retryable: true });
}

async function rollBack(progress: Progress): Promise<void> {
  const { session, phase } = progress;
  if (session === undefined) return;
  // After a failed COMMIT or on a broken connection there is nothing left to keep.
  if (phase !== "open") {
    release(progress, true);
    return;
  }
  try {
    if (!(await session.rollBack())) progress.phase = "kept";
    release(progress, false);
  } catch {
    release(progress, true);
  }
}

/** Once only: drivers mind a connection that is given back twice. */
function release(progress: Progress, broken: boolean): void {
  const { session } = progress;
  progress.session = undefined;
  session?.release(broken);
}
