/** MySQL and MariaDB as a dialect of the SQL connector: pools, read-only transactions, prepared statements, limits. */
import { isIP } from "node:net";

import { AirworthyError } from "@airworthy/contract";
import type { Connection, ConnectionOptions, ResultSetHeader } from "mysql2";

import { openStream } from "../../../kernel/network/open-stream.ts";
import type { Peer } from "../../../kernel/network/peer.ts";
import { sqlConnectTimeoutMs } from "./sql-driver.ts";
import type { SqlDriver, SqlSession, SqlWork } from "./sql-driver.ts";
import { executeMysql } from "./sql-mysql-execute.ts";
import { mysqlFaultOf } from "./sql-mysql-fault.ts";
import { createMysqlPool, type MysqlPool } from "./sql-mysql-pool.ts";

/**
 * Under these rules the statement was split into strings and parameters (no ANSI_QUOTES, no NO_BACKSLASH_ESCAPES), and a
 * value that does not fit its column is an error instead of being cut to size.
 */
const sqlMode = "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

export const mysqlDriver: SqlDriver = {
  open(connection, { connections, peer }) {
    const address = addressOf(connection);
    const pool = createMysqlPool({ ...fixed, ...address, ...networkOf(peer, address) }, connections);
    return {
      connect: async () => sessionOf(await pool.take(), pool.giveBack),
      faultOf: mysqlFaultOf,
      close: pool.close,
    };
  },
};

const fixed: ConnectionOptions = {
  connectTimeout: sqlConnectTimeoutMs,
  charset: "utf8mb4",
  timezone: "Z",
  supportBigNumbers: true,
  dateStrings: true,
  jsonStrings: true,
  multipleStatements: false,
  // Nothing that a server says about its columns becomes code.
  disableEval: true,
  // A server must not be able to ask for a file of ours.
  flags: ["-LOCAL_FILES"],
};

function addressOf(connection: string): ConnectionOptions {
  const url = URL.canParse(connection) ? new URL(connection) : undefined;
  const { socketPath, ...others } = Object.fromEntries(url?.searchParams ?? []);
  const isFitting = url !== undefined && /^(?:mysql|mariadb):$/.test(url.protocol);
  if (!isFitting || Object.keys(others).length > 0) {
    // The text is not repeated: it holds a password.
    throw new AirworthyError("invalid_input", "The connection is not a URL that the mysql dialect understands.", {
      place: "connection",
      fix: "Write mysql://user:password@host:3306/database, with no parameter but socketPath.",
    });
  }
  return {
    ...(socketPath === undefined ? { host: url.hostname, port: Number(url.port || 3306) } : { socketPath }),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
  };
}

/** The driver checks the name it knows as its host; where the connection really goes is ours to say. */
function networkOf(peer: Peer, { host = "", port = 3306, socketPath }: ConnectionOptions): ConnectionOptions {
  const { tls, proxy } = peer;
  if (socketPath !== undefined || (tls === undefined && proxy === undefined)) return {};
  const { serverName, ...material } = tls ?? {};
  if (tls !== undefined && serverName === undefined && isIP(host) !== 0) {
    throw new AirworthyError("invalid_input", "An address of numbers does not say whose certificate is expected.", {
      place: "tls.serverName",
      fix: "Say the name in the server's certificate.",
    });
  }
  return {
    host: serverName ?? host,
    stream: () => openStream(peer, { hostname: host, port }, sqlConnectTimeoutMs),
    ...(tls === undefined ? {} : { ssl: { ...material, verifyIdentity: true } }),
  };
}

function sessionOf(connection: Connection, giveBack: MysqlPool["giveBack"]): SqlSession {
  let spent = false;
  return {
    async begin(work) {
      await ask(connection, settingsOf(work));
      await ask(connection, work.effect === "read" ? "START TRANSACTION READ ONLY" : "START TRANSACTION READ WRITE");
    },
    /** The server stops after the rows that may be answered, but where the statement has a larger LIMIT of its own. */
    async read(work) {
      const { rows, stopped } = await executeMysql(connection, work);
      spent = stopped;
      if (!stopped) await ask(connection, "COMMIT");
      const kept = rows.slice(0, work.maxRows);
      return { rows: kept, rowCount: kept.length, truncated: rows.length > kept.length };
    },
    async write(work) {
      const { rows, header } = await executeMysql(connection, work);
      const { affectedRows = rows.length, insertId = 0 } = header ?? {};
      const id = insertId === 0 ? {} : { insertId };
      const truncated = rows.length > work.maxRows;
      return { rows: rows.slice(0, work.maxRows), rowCount: affectedRows, truncated, ...id };
    },
    async commit() {
      await ask(connection, "COMMIT");
    },
    async rollBack() {
      const { warningStatus } = await ask(connection, "ROLLBACK");
      // 1196: some changes were made in tables that know no transactions.
      return warningStatus === 0;
    },
    release: (broken) => giveBack(connection, broken || spent),
  };
}

function settingsOf(work: SqlWork): string {
  const leftMs = Math.max(1, Math.ceil(work.deadlineMonoMs - performance.now()));
  return [
    `SET SESSION sql_mode = '${sqlMode}'`,
    "time_zone = '+00:00'",
    `sql_select_limit = ${work.effect === "read" ? work.maxRows + 1 : "DEFAULT"}`,
    // In seconds, and not below one.
    `innodb_lock_wait_timeout = ${Math.max(1, Math.ceil(leftMs / 1000))}`,
    // MariaDB ends any statement by this limit; MySQL knows one for reads only, under another name. Each server passes
    // over what is written for the other.
    `/*M!100100 max_statement_time = ${leftMs / 1000}, */ /*!50708 max_execution_time = ${leftMs}, */ autocommit = 1`,
  ].join(", ");
}

/** Sends a text of ours. */
function ask(connection: Connection, sql: string): Promise<ResultSetHeader> {
  return new Promise((resolve, reject) => {
    connection.query<ResultSetHeader>(sql, (error, header) => {
      if (error !== null) reject(error);
      else resolve(header);
    });
  });
}
