/** The connector for PostgreSQL systems of record: one reviewed statement a call, in a transaction of its own. */
import { AirworthyError } from "@airworthy/contract";
import type { Json, SqlTool } from "@airworthy/contract";
import { Pool } from "pg";

import type { ConnectorAnswer, ConnectorCall } from "../../../kernel/deps.ts";
import { createGuards } from "./guard.ts";
import type { GuardOptions } from "./guard.ts";
import { readSecret } from "./secrets.ts";
import type { Environment } from "./secrets.ts";
import { judgeSqlEnd } from "./sql-answer.ts";
import { parseSqlStatement } from "./sql-statement.ts";
import type { SqlStatement } from "./sql-statement.ts";
import { runTransaction } from "./sql-transaction.ts";

export type SqlConnectorOptions = { readonly env: Environment; readonly guard?: GuardOptions };

/** `call` never rejects for what a database does. Deadlines of calls are on `performance.now()`. */
export type SqlConnectorPort = {
  readonly type: "sql";
  readonly call: (call: ConnectorCall) => Promise<ConnectorAnswer>;
  readonly close: () => Promise<void>;
};

type Prepared = { readonly connection: string; readonly statement: SqlStatement; readonly values: readonly unknown[] };
type Parse = (tool: SqlTool) => SqlStatement;

const connections = 8;
const connectTimeoutMs = 5000;
const defaultMaxRows = 1000;

export function createSqlConnector(options: SqlConnectorOptions): SqlConnectorPort {
  const guards = createGuards({ concurrency: connections, ...options.guard });
  const pools = createPools();
  const statements = new WeakMap<SqlTool, SqlStatement>();
  const parse: Parse = (tool) => {
    const statement = statements.get(tool) ?? parseSqlStatement(tool.sql, tool.effect);
    statements.set(tool, statement);
    return statement;
  };
  return {
    type: "sql",
    async call(call) {
      const { definition, effect } = call.tool;
      if (!("sql" in definition))
        return { kind: "unsent", detail: `${call.tool.name} is not a tool of an SQL connector.` };
      const prepared = prepare(call, options.env, () => parse(definition));
      if ("kind" in prepared) return prepared;
      const pool = pools.take(call, prepared.connection);
      const { statement, values } = prepared;
      const { dispatchBeforeMonoMs } = call;
      const maxRows = definition.maxRows ?? defaultMaxRows;
      return guards.run(call, async (deadlineMonoMs) => {
        const work = { statement, values, effect, maxRows, deadlineMonoMs, dispatchBeforeMonoMs };
        return judgeSqlEnd(await runTransaction(pool, work), call.tool);
      });
    },
    close: pools.close,
  };
}

type Pools = { readonly take: (call: ConnectorCall, connection: string) => Pool; readonly close: () => Promise<void> };

/** One pool for each connector; a changed secret opens a new one and lets the old one finish. */
function createPools(): Pools {
  const pools = new Map<string, { readonly connection: string; readonly pool: Pool }>();
  return {
    take(call, connection) {
      const key = JSON.stringify([call.tenant, call.tool.connector]);
      const known = pools.get(key);
      if (known?.connection === connection) return known.pool;
      if (known !== undefined) void known.pool.end();
      const pool = openPool(connection);
      pools.set(key, { connection, pool });
      return pool;
    },
    async close() {
      await Promise.all([...pools.values()].map(({ pool }) => pool.end()));
      pools.clear();
    },
  };
}

function openPool(connection: string): Pool {
  const pool = new Pool({
    connectionString: connection,
    max: connections,
    connectionTimeoutMillis: connectTimeoutMs,
    allowExitOnIdle: true,
    application_name: "airworthy",
  });
  // A connection that breaks says so to its query as well; without these listeners the process would end, and the
  // pool listens only while a connection is idle.
  pool.on("error", ignore);
  pool.on("connect", (client) => client.on("error", ignore));
  return pool;
}

function ignore(): void {}

function prepare(call: ConnectorCall, env: Environment, parse: () => SqlStatement): Prepared | ConnectorAnswer {
  const connector = call.snapshot.connectors[call.tool.connector];
  if (connector?.type !== "sql") {
    return { kind: "unsent", detail: `${call.tool.connector} is not an SQL connector.` };
  }
  try {
    const statement = parse();
    const { idempotency } = call.tool.definition;
    const keyed = idempotency?.argument === undefined ? {} : { [idempotency.argument]: call.idempotencyKey };
    const given = { ...call.arguments, ...keyed };
    const values = statement.names.map((name) => toParameter(Object.hasOwn(given, name) ? given[name] : null));
    return { connection: readSecret(connector.connection, env), statement, values };
  } catch (error) {
    if (error instanceof AirworthyError) return { kind: "unsent", detail: error.message };
    throw error;
  }
}

/** Lists of plain values become arrays of PostgreSQL; objects and lists of objects become JSON text. */
function toParameter(value: Json | undefined): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value !== "object") return value;
  const plain = Array.isArray(value) && value.every((item: Json) => item === null || typeof item !== "object");
  return plain ? value : JSON.stringify(value);
}
