/** The connector for SQL systems of record: one reviewed statement a call, in a transaction of its own. */
import { AirworthyError } from "@airworthy/contract";
import type { Json, JsonObject, SqlConnector, SqlTool } from "@airworthy/contract";

import type { ConnectorAnswer, ConnectorCall } from "../../../kernel/deps.ts";
import { createPeers, type Peers } from "../../../kernel/network/create-peers.ts";
import type { Peer } from "../../../kernel/network/peer.ts";
import { createGuards } from "./guard.ts";
import type { GuardOptions } from "./guard.ts";
import { fillUrl, readPem, readSecret } from "./secrets.ts";
import type { Environment } from "./secrets.ts";
import { judgeSqlEnd } from "./sql-answer.ts";
import type { SqlDriver, SqlPool } from "./sql-driver.ts";
import { mysqlDriver } from "./sql-mysql.ts";
import { postgresDriver } from "./sql-postgres.ts";
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

type Dialect = NonNullable<SqlConnector["dialect"]>;
type Prepared = { readonly pool: SqlPool; readonly statement: SqlStatement; readonly values: readonly Json[] };

const drivers: Readonly<Record<Dialect, SqlDriver>> = { postgresql: postgresDriver, mysql: mysqlDriver };
const connections = 8;
const defaultMaxRows = 1000;

export function createSqlConnector(options: SqlConnectorOptions): SqlConnectorPort {
  const guards = createGuards({ concurrency: connections, ...options.guard });
  const { env } = options;
  const peers = createPeers({ text: (ref) => readPem(ref, env), fill: (text) => fillUrl(text, env), now: Date.now });
  const pools = createPools(env, peers);
  const parse = rememberStatements();
  return {
    type: "sql",
    async call(call) {
      const { definition, effect } = call.tool;
      const connector = call.snapshot.connectors[call.tool.connector];
      if (connector?.type !== "sql" || !("sql" in definition))
        return { kind: "unsent", detail: `${call.tool.name} is not a tool of an SQL connector.` };
      const prepared = prepare(call, { tool: definition, connector, parse, pools });
      if ("kind" in prepared) return prepared;
      const { pool, statement, values } = prepared;
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

type Parse = (tool: SqlTool, dialect: Dialect) => SqlStatement;

/** Snapshots are immutable and live long: each statement in them is parsed once. */
function rememberStatements(): Parse {
  const known = new WeakMap<SqlTool, Map<Dialect, SqlStatement>>();
  return (tool, dialect) => {
    const parsed = known.get(tool) ?? new Map<Dialect, SqlStatement>();
    known.set(tool, parsed);
    const statement = parsed.get(dialect) ?? parseSqlStatement(tool.sql, tool.effect, dialect);
    parsed.set(dialect, statement);
    return statement;
  };
}

type Pools = {
  readonly take: (tenant: string, connector: SqlConnector) => SqlPool;
  readonly close: () => Promise<void>;
};

/** One pool for each connector; a changed secret or certificate opens a new one and lets the old one finish. */
function createPools(env: Environment, peers: Peers): Pools {
  const pools = new Map<string, { readonly connection: string; readonly peer: Peer; readonly pool: SqlPool }>();
  return {
    take(tenant, connector) {
      const dialect = connector.dialect ?? "postgresql";
      const key = JSON.stringify([tenant, connector.name, dialect]);
      const connection = readSecret(connector.connection, env);
      const known = pools.get(key);
      const peer = peers(connector);
      if (known?.connection === connection && known.peer === peer) return known.pool;
      const pool = drivers[dialect].open(connection, { connections, peer });
      if (known !== undefined) void known.pool.close();
      pools.set(key, { connection, peer, pool });
      return pool;
    },
    async close() {
      await Promise.all([...pools.values()].map(({ pool }) => pool.close()));
      pools.clear();
    },
  };
}

type Parts = {
  readonly tool: SqlTool;
  readonly connector: SqlConnector;
  readonly parse: Parse;
  readonly pools: Pools;
};

function prepare(call: ConnectorCall, { tool, connector, parse, pools }: Parts): Prepared | ConnectorAnswer {
  const dialect = connector.dialect ?? "postgresql";
  try {
    const statement = parse(tool, dialect);
    const { idempotency } = tool;
    const keyed = idempotency?.argument === undefined ? {} : { [idempotency.argument]: call.idempotencyKey };
    const given: JsonObject = { ...call.arguments, ...keyed };
    const values = statement.names.map((name) => (Object.hasOwn(given, name) ? given[name] : null) ?? null);
    return { pool: pools.take(call.tenant, connector), statement, values };
  } catch (error) {
    if (error instanceof AirworthyError) return { kind: "unsent", detail: error.message };
    throw error;
  }
}
