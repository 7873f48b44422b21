/** PostgreSQL as a dialect of the SQL connector: pools, transactions, cursors and what its SQLSTATEs mean. */
import { checkServerIdentity, type ConnectionOptions } from "node:tls";

import { AirworthyError } from "@airworthy/contract";
import type { Json, JsonObject } from "@airworthy/contract";
import { Client, DatabaseError, Pool } from "pg";
import type { PoolClient, PoolConfig, QueryArrayResult } from "pg";

import { openStream } from "../../../kernel/network/open-stream.ts";
import type { Peer } from "../../../kernel/network/peer.ts";
import { sqlConnectTimeoutMs } from "./sql-driver.ts";
import type { SqlDriver, SqlFault, SqlRows, SqlSession, SqlWork } from "./sql-driver.ts";
import { postgresTypes } from "./sql-postgres-types.ts";

/** SQLSTATE classes in which the server is ill rather than the statement wrong; during COMMIT they leave its end open. */
const illness = /^(?:08|53|57P|58|XX)/;
const collision = new Set(["40001", "40P01", "55P03"]);

export const postgresDriver: SqlDriver = {
  open(connection, how) {
    checkUrl(connection, how.peer);
    const pool = openPool(connection, how);
    return {
      connect: async () => sessionOf(await pool.connect()),
      faultOf,
      close: () => pool.end(),
    };
  },
};

/** Lists of plain values become arrays of PostgreSQL; objects and lists of objects become JSON text. */
function toParameter(value: Json): unknown {
  if (value === null || typeof value !== "object") return value;
  const plain = Array.isArray(value) && value.every((item: Json) => item === null || typeof item !== "object");
  return plain ? value : JSON.stringify(value);
}

function checkUrl(connection: string, { tls }: Peer): void {
  if (/^(?:mysql|mariadb):/i.test(connection)) {
    throw new AirworthyError("invalid_input", "The connection is a MySQL URL, and the connector speaks PostgreSQL.", {
      place: "connection",
      fix: "Write dialect: mysql in the connector's document.",
    });
  }
  // What the URL says of TLS would win, and could switch the verification off.
  if (tls === undefined || !/[?&](?:ssl|uselibpq)/i.test(connection)) return;
  throw new AirworthyError("invalid_input", "Both the connection and the connector's document speak of TLS.", {
    place: "connection",
    fix: "Leave the ssl parameters out of the URL.",
  });
}

function networkOf(peer: Peer, connection: string): Pick<PoolConfig, "ssl" | "stream"> {
  const { tls: own, proxy } = peer;
  const { serverName, ...material } = own ?? {};
  const checked = serverName === undefined ? {} : { checkServerIdentity: identityOf(serverName) };
  const ssl = own === undefined ? {} : { ssl: { ...material, ...checked } };
  if (proxy === undefined) return ssl;
  const { host, port } = new Client(connection);
  return { ...ssl, stream: () => openStream(peer, { hostname: host, port }, sqlConnectTimeoutMs) };
}

/** The driver takes the name from the URL's host, whatever else it is told. */
function identityOf(serverName: string): NonNullable<ConnectionOptions["checkServerIdentity"]> {
  return (_host, certificate) => checkServerIdentity(serverName, certificate);
}

function openPool(connection: string, { connections, peer }: { connections: number; peer: Peer }): Pool {
  const pool = new Pool({
    connectionString: connection,
    ...networkOf(peer, connection),
    max: connections,
    connectionTimeoutMillis: sqlConnectTimeoutMs,
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

function sessionOf(client: PoolClient): SqlSession {
  return {
    async begin(work) {
      await client.query(openingOf(work));
    },
    read: (work) => read(client, work),
    write: (work) => write(client, work),
    async commit() {
      const { command } = await client.query("COMMIT");
      if (command !== "COMMIT") throw new AirworthyError("internal", "The database rolled the transaction back.");
    },
    async rollBack() {
      await client.query("ROLLBACK");
      return true;
    },
    release: (broken) => client.release(broken),
  };
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
  await client.query({ text, values: values.map(toParameter) });
  const fetched = await client.query<Json[]>({
    text: `FETCH ${maxRows + 1} FROM airworthy_rows`,
    types: postgresTypes,
    rowMode: "array",
  });
  await client.query("COMMIT");
  return toRows(fetched, maxRows, undefined);
}

async function write(client: PoolClient, work: SqlWork): Promise<SqlRows> {
  const { statement, values, maxRows } = work;
  const changed = await client.query<Json[]>({
    text: statement.text,
    values: values.map(toParameter),
    types: postgresTypes,
    rowMode: "array",
  });
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

function faultOf(error: unknown): SqlFault | undefined {
  if (!(error instanceof DatabaseError) || error.code === undefined) return undefined;
  const at = error.constraint === undefined ? "" : `, constraint ${error.constraint}`;
  const ill = illness.test(error.code);
  return {
    code: `sql_${error.code}`,
    detail: `SQLSTATE ${error.code}${at}`,
    ill,
    collided: collision.has(error.code),
    undone: !ill,
  };
}
