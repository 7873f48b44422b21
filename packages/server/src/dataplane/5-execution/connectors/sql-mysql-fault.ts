/** What the error numbers of MySQL and MariaDB mean for an action. */
import type { SqlFault } from "./sql-driver.ts";

/**
 * The server is ill rather than the statement wrong: out of connections, memory or disk, shutting down, killed,
 * unreachable, read-only after a failover. Numbers from the servers' error reference.
 */
const illness = new Set([
  1021, 1037, 1038, 1040, 1041, 1053, 1077, 1080, 1129, 1152, 1158, 1159, 1160, 1161, 1184, 1203, 1226, 1290, 1836,
  1927, 3169, 4031,
]);
/** Deadlock, lock wait timeout, record changed since it was read, table definition changed. */
const collision = new Set([1020, 1205, 1213, 1412]);
/** Whose messages end in the name of what was violated: `… for key 'invoices.PRIMARY'`. Anything before it may be data. */
const named: Readonly<Record<number, RegExp>> = {
  1062: /for key '([^']+)'$/,
  1586: /for key '([^']+)'$/,
  1451: /CONSTRAINT `([^`]+)` FOREIGN KEY/,
  1452: /CONSTRAINT `([^`]+)` FOREIGN KEY/,
  1048: /^Column '([^']+)' cannot be null$/,
  1364: /^Field '([^']+)' doesn't have a default value$/,
  3819: /^Check constraint '([^']+)' is violated\.?$/,
  4025: /^CONSTRAINT `([^`]+)` failed for/,
};

/** Undefined for what the server did not say itself, such as a connection that broke. */
export function mysqlFaultOf(error: unknown): SqlFault | undefined {
  if (!(error instanceof Error) || !("errno" in error) || !("sqlState" in error)) return undefined;
  const { errno, sqlState } = error;
  if (typeof errno !== "number" || errno < 1000 || typeof sqlState !== "string") return undefined;
  const name = named[errno]?.exec(error.message)?.[1];
  return {
    code: `sql_${errno}`,
    detail: `error ${errno}, SQLSTATE ${sqlState}${name === undefined ? "" : `, ${name}`}`,
    ill: illness.has(errno) || sqlState.startsWith("08"),
    collided: collision.has(errno),
    // A deadlock (and a certification that failed in a Galera cluster) is rolled back; other ends of COMMIT are open.
    undone: errno === 1213,
  };
}
