/** Says what the end of a transaction means for the action, without repeating any value of the data. */
import { AirworthyError } from "@airworthy/contract";
import type { GovernedTool, Json } from "@airworthy/contract";
import { DatabaseError } from "pg";

import type { ConnectorAnswer } from "../../../kernel/deps.ts";
import type { Attempt } from "./guard.ts";
import type { SqlEnd, SqlPhase, SqlRows } from "./sql-transaction.ts";

/** SQLSTATE classes in which the server is ill rather than the statement wrong; during COMMIT they leave its end open. */
const illness = /^(?:08|53|57P|58|XX)/;
/** Lost against another transaction: the same statement may succeed at once. */
const collision = new Set(["40001", "40P01", "55P03"]);

export function judgeSqlEnd(end: SqlEnd, tool: GovernedTool): Attempt {
  if (end.kind === "done") {
    return { answer: { kind: "answered", result: toResult(end.result) }, healthy: true, repeatable: false };
  }
  const state = sqlStateOf(end.error);
  // An error of ours is about our own time, not about the database.
  const healthy = state === undefined ? end.error instanceof AirworthyError : !illness.test(state);
  const repeatable = !end.expired && (!healthy || collision.has(state ?? ""));
  return { answer: judgeFailure(end, state, tool), healthy, repeatable };
}

type Failure = Extract<SqlEnd, { kind: "failed" }>;

function judgeFailure(
  { phase, error, expired }: Failure,
  state: string | undefined,
  tool: GovernedTool,
): ConnectorAnswer {
  const { connector } = tool;
  const why = state ?? (expired ? "out of time" : systemCodeOf(error));
  if (phase === "connecting") {
    return { kind: "unsent", detail: `${connector} could not be reached, so nothing was done (${why}).` };
  }
  if (phase === "committing" && isOpen(state, tool)) {
    return { kind: "ambiguous", detail: `The connection to ${connector} broke during COMMIT (${why}).` };
  }
  if (error instanceof DatabaseError) {
    const at = error.constraint === undefined ? "" : `, constraint ${error.constraint}`;
    const detail = `${connector} refused the statement and nothing was changed (SQLSTATE ${why}${at}).`;
    return { kind: "rejected", code: `sql_${why}`, detail };
  }
  const code = isUnreadable(error) ? "bad_answer" : codeOf(phase, expired);
  return { kind: "rejected", code, detail: `${connector}: nothing was changed (${why}).` };
}

function isOpen(state: string | undefined, tool: GovernedTool): boolean {
  return tool.effect === "write" && (state === undefined || illness.test(state));
}

function isUnreadable(error: unknown): boolean {
  return error instanceof AirworthyError && error.code === "invalid_json";
}

function codeOf(phase: SqlPhase, expired: boolean): string {
  if (expired) return "upstream_timeout";
  return phase === "open" ? "upstream_broken" : "upstream_error";
}

function sqlStateOf(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined;
}

function systemCodeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "connection lost";
}

function toResult({ rows, rowCount, truncated }: SqlRows): Json {
  return { rows, rowCount, ...(truncated ? { truncated: true } : {}) };
}
