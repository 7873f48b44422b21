/** Executes one prepared statement at MySQL or MariaDB and reads its rows, hardly more of them than may be kept. */
import type { Json, JsonObject } from "@airworthy/contract";
import mysql from "mysql2";
import type { FieldPacket, Connection, ResultSetHeader, TypedParameterValue } from "mysql2";

import type { SqlWork } from "./sql-driver.ts";
import { readMysqlValue } from "./sql-mysql-types.ts";

export type MysqlResult = {
  /** At most one more than `maxRows`. */
  readonly rows: readonly JsonObject[];
  /** Absent where the statement answered with rows. */
  readonly header?: ResultSetHeader;
  /** More rows were on their way, so the connection was closed. */
  readonly stopped: boolean;
};

type Reading = { fields: readonly FieldPacket[]; readonly rows: JsonObject[]; header?: ResultSetHeader };

/** Rejects with what the server or the connection says. */
export function executeMysql(connection: Connection, work: SqlWork): Promise<MysqlResult> {
  const { statement, values, maxRows, effect } = work;
  return new Promise((resolve, reject) => {
    const reading: Reading = { fields: [], rows: [] };
    const end = (settle: () => void): void => {
      connection.off("error", fail);
      settle();
    };
    const fail = (error: unknown): void => end(() => reject(toError(error)));
    const finish = (stopped: boolean): void => end(() => resolve({ ...reading, stopped }));
    // A connection that breaks tells the connection alone when its command has no callback.
    connection.on("error", fail);
    const query = connection.execute({ sql: statement.text, rowsAsArray: true }, values.map(toParameter));
    query.on("error", fail);
    query.on("fields", (fields?: readonly FieldPacket[]) => (reading.fields = fields ?? []));
    query.on("result", (row: readonly unknown[] | ResultSetHeader | null) => {
      // The driver tells a row that it cannot read as no row.
      if (row === null) return fail(new Error("a row cannot be read"));
      if (!isRow(row)) {
        reading.header = row;
        return;
      }
      if (reading.rows.length > maxRows) {
        if (effect === "write") return;
        connection.destroy();
        finish(true);
        return;
      }
      try {
        reading.rows.push(toRecord(reading.fields, row));
      } catch (error) {
        fail(error);
      }
    });
    query.on("end", () => finish(false));
  });
}

/** Lists and objects become JSON text. Whole numbers are sent as such: the driver would make doubles of them. */
function toParameter(value: Json): TypedParameterValue | string | number | boolean | null {
  if (typeof value === "number") return Number.isSafeInteger(value) ? mysql.TypedParameter.LONGLONG(value) : value;
  return typeof value === "object" && value !== null ? JSON.stringify(value) : value;
}

function isRow(told: readonly unknown[] | ResultSetHeader): told is readonly unknown[] {
  return Array.isArray(told);
}

function toRecord(fields: readonly FieldPacket[], row: readonly unknown[]): JsonObject {
  return Object.fromEntries(fields.map((field, index) => [field.name, readMysqlValue(field, row[index])]));
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error("the connection failed");
}
