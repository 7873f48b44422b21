/** What a dialect brings to the SQL connector: how its text is read, how its server is reached, what its errors mean. */
import type { Json, JsonObject } from "@airworthy/contract";

import type { Peer } from "../../../kernel/network/peer.ts";
import type { SqlStatement } from "./sql-statement.ts";

export type SqlWork = {
  readonly statement: SqlStatement;
  readonly values: readonly Json[];
  readonly effect: "read" | "write";
  readonly maxRows: number;
  /** Monotonic: the whole transaction must be over by then. */
  readonly deadlineMonoMs: number;
  /** Monotonic: COMMIT must have left by then, or it must not leave. */
  readonly dispatchBeforeMonoMs: number;
};

/** `insertId` is the number that an auto_increment column chose, where the dialect tells it. */
export type SqlRows = {
  readonly rows: readonly JsonObject[];
  readonly rowCount: number;
  readonly truncated: boolean;
  readonly insertId?: Json;
};

/** What the server said, without any value of the data. */
export type SqlFault = {
  /** As the action's failure: `sql_23505`. */
  readonly code: string;
  /** `SQLSTATE 23505, constraint invoices_pkey`. */
  readonly detail: string;
  /** The server is ill, rather than the statement wrong. */
  readonly ill: boolean;
  /** Lost against another transaction: the same statement may succeed at once. */
  readonly collided: boolean;
  /** Where COMMIT failed with it: whether nothing was changed for certain. */
  readonly undone: boolean;
};

/** One connection, lent for one transaction. */
export type SqlSession = {
  readonly begin: (work: SqlWork) => Promise<void>;
  /** Ends its transaction itself. */
  readonly read: (work: SqlWork) => Promise<SqlRows>;
  readonly write: (work: SqlWork) => Promise<SqlRows>;
  /** @throws AirworthyError `internal` where the server says that it rolled back. */
  readonly commit: () => Promise<void>;
  /** False where some of it could not be taken back. */
  readonly rollBack: () => Promise<boolean>;
  /** Broken connections are not lent again. */
  readonly release: (broken: boolean) => void;
};

export type SqlPool = {
  readonly connect: () => Promise<SqlSession>;
  readonly faultOf: (error: unknown) => SqlFault | undefined;
  readonly close: () => Promise<void>;
};

export type SqlDriver = {
  /** @throws AirworthyError `invalid_input` for a URL that is not one of this dialect; never repeats it. */
  readonly open: (connection: string, how: { readonly connections: number; readonly peer: Peer }) => SqlPool;
};

/** To reach the server, in ms. */
export const sqlConnectTimeoutMs = 5000;
