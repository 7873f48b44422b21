/** The connection to PostgreSQL: pools, transactions, and which failures are worth trying again. */
import { AirworthyError } from "@airworthy/contract";
import pg from "pg";

export type Statement = {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
  /** How long to wait for its end in ms, where that may be long; default 10 s. */
  readonly answerWithinMs?: number;
};
export type Queryable = { readonly query: <R>(statement: Statement) => Promise<R[]> };
/**
 * Statements run in the order in which they were asked for, and those asked for together are sent together: what does not
 * need another's answer should not wait for it.
 */
export type Transaction = Queryable & {
  /** Sends what nobody waits for, the commit included: if it fails, the transaction fails with its error. */
  readonly write: (statement: Statement) => void;
};

export type Database = Queryable & {
  /** Runs the work in one transaction; rolls back when it throws. A lost connection rejects as `unavailable`, retryable. */
  readonly transaction: <T>(work: (tx: Transaction) => Promise<T>) => Promise<T>;
  /** Commits without waiting for the disk: only for rows whose loss in a crash harms nobody. */
  readonly soft: Queryable;
  readonly close: () => Promise<void>;
};

/** A statement that is not answered by then is given up together with its connection: a silent store is a lost one. */
const answerWithinMs = 10_000;

const bigintOid = 20;
/** Counters and amounts are safe integers by construction, so they may be numbers. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: "text" | "binary") =>
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the server sends more types than the enum names.
    oid === bigintOid ? Number : pg.types.getTypeParser(oid, format),
};

export function openDatabase(connection: pg.PoolConfig, poolSize = 12): Database {
  const common: pg.PoolConfig = {
    ...connection,
    types,
    connectionTimeoutMillis: 3000,
    keepAlive: true,
    pipeline: true,
    statement_timeout: answerWithinMs,
    // The server's own limit does not help when it is the server, or the way to it, that has gone silent.
    query_timeout: answerWithinMs,
  };
  const hard = new pg.Pool({ ...common, max: poolSize, application_name: "airworthy" });
  const soft = new pg.Pool({
    ...common,
    max: poolSize,
    application_name: "airworthy-soft",
    options: "-c synchronous_commit=off",
  });
  // An idle connection that breaks is replaced by the pool; the next query that needs it reports the failure.
  for (const pool of [hard, soft]) pool.on("error", () => undefined);
  return {
    query: (statement) => run(hard, statement),
    soft: { query: (statement) => run(soft, statement) },
    transaction: (work) => transact(hard, work),
    close: async () => {
      await Promise.all([hard.end(), soft.end()]);
    },
  };
}

async function run<R>(
  target: pg.Pool | pg.PoolClient,
  { answerWithinMs: patienceMs, ...statement }: Statement,
): Promise<R[]> {
  const patience = patienceMs === undefined ? {} : { query_timeout: patienceMs };
  try {
    const result = await target.query({ ...statement, values: [...(statement.values ?? [])], ...patience });
    return result.rows as R[];
  } catch (error) {
    throw explain(error);
  }
}

async function transact<T>(pool: pg.Pool, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw explain(error);
  });
  let broken: Error | undefined;
  // Without a listener a connection that breaks between two queries would end the process.
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on("error", onError);
  const asked: Promise<unknown>[] = [];
  let firstFailure: unknown;
  const query = <R>(statement: Statement): Promise<R[]> => {
    const answer = run<R>(client, statement);
    answer.catch((error: unknown) => (firstFailure ??= error));
    asked.push(answer);
    return answer;
  };
  const write = (statement: Statement): void => void query(statement);
  try {
    write({ text: "begin" });
    const result = await work({ query, write });
    // What cannot even be sent has failed after one turn, and would be missing from what is committed.
    await Promise.race([Promise.all(asked), nextTurn()]);
    // Goes behind the writes without waiting for them: after one that the server refused, it commits nothing.
    await Promise.all([...asked, query({ text: "commit" })]);
    return result;
  } catch (error) {
    const cause = isAfterFailure(error) ? firstFailure : error;
    if (isLost(cause)) broken = cause;
    else {
      await client.query("rollback").catch((failure: Error) => {
        broken = failure;
      });
    }
    throw cause;
  } finally {
    client.off("error", onError);
    client.release(broken);
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Whether the server only says that an earlier statement of the transaction failed. */
const isAfterFailure = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "25P02";

/** Classes of SQLSTATE that say "not now": connection, resources, shutdown, and serialisation. @see PostgreSQL appendix A. */
const transient = /^(08|53|57P|57014|40)/;

function explain(error: unknown): unknown {
  if (error instanceof AirworthyError || !(error instanceof Error)) return error;
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  const sqlState = code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith("E");
  if (sqlState && !transient.test(code)) return error;
  return new AirworthyError("unavailable", "The store cannot be reached.", { retryable: true, cause: error });
}

/** Whether nothing came back: what the server thinks of the transaction is not known, and asking would only wait again. */
function isLost(error: unknown): error is AirworthyError {
  return error instanceof AirworthyError && error.code === "unavailable" && !(error.cause instanceof pg.DatabaseError);
}

/** Whether PostgreSQL said that a row with this key exists already. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "23505";
}
