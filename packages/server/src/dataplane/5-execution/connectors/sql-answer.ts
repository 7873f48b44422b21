/** Says what the end of a transaction means for the action, without repeating any value of the data. */
import { AirworthyError } from "@airworthy/contract";
import type { GovernedTool, Json } from "@airworthy/contract";

import type { ConnectorAnswer } from "../../../kernel/deps.ts";
import { explainCause } from "../../../kernel/network/explain-cause.ts";
import type { Attempt } from "./guard.ts";
import type { SqlRows } from "./sql-driver.ts";
import type { SqlEnd, SqlPhase } from "./sql-transaction.ts";

export function judgeSqlEnd(end: SqlEnd, tool: GovernedTool): Attempt {
  if (end.kind === "done") {
    return { answer: { kind: "answered", result: toResult(end.result) }, healthy: true, repeatable: false };
  }
  const { fault, error, expired } = end;
  // An error of ours is about our own time, not about the database.
  const healthy = fault === undefined ? error instanceof AirworthyError : !fault.ill;
  const repeatable = !expired && (!healthy || fault?.collided === true);
  return { answer: judgeFailure(end, tool), healthy, repeatable };
}

type Failure = Extract<SqlEnd, { kind: "failed" }>;

function judgeFailure({ phase, error, fault, expired }: Failure, tool: GovernedTool): ConnectorAnswer {
  const { connector } = tool;
  const why = fault?.detail ?? (expired ? "out of time" : systemCodeOf(error));
  if (phase === "connecting") {
    return { kind: "unsent", detail: `${connector} could not be reached, so nothing was done (${why}).` };
  }
  if (phase === "kept") {
    const detail = `${connector} refused the statement, and changed a table without transactions before it did (${why}).`;
    return { kind: "ambiguous", detail };
  }
  if (phase === "committing" && tool.effect === "write" && fault?.undone !== true) {
    return { kind: "ambiguous", detail: `The connection to ${connector} broke during COMMIT (${why}).` };
  }
  if (fault !== undefined) {
    const detail = `${connector} refused the statement and nothing was changed (${why}).`;
    return { kind: "rejected", code: fault.code, detail };
  }
  const code = isUnreadable(error) ? "bad_answer" : codeOf(phase, expired);
  return { kind: "rejected", code, detail: `${connector}: nothing was changed (${why}).` };
}

function isUnreadable(error: unknown): boolean {
  return error instanceof AirworthyError && error.code === "invalid_json";
}

function codeOf(phase: SqlPhase, expired: boolean): string {
  if (expired) return "upstream_timeout";
  return phase === "open" ? "upstream_broken" : "upstream_error";
}

function systemCodeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? explainCause(code) : "connection lost";
}

function toResult({ rows, rowCount, truncated, insertId }: SqlRows): Json {
  return { rows, rowCount, ...(truncated ? { truncated } : {}), ...(insertId === undefined ? {} : { insertId }) };
}
