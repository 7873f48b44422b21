/** Keeps connections to one MySQL or MariaDB server. The driver's own pool leaves errors of a handshake without a listener, which ends the process. */
import mysql from "mysql2";
import type { Connection, ConnectionOptions } from "mysql2";

export type MysqlPool = {
  /** Rejects with what the server, TLS or the way there says. */
  readonly take: () => Promise<Connection>;
  readonly giveBack: (connection: Connection, broken: boolean) => void;
  /** Those that are lent are closed when they are given back. */
  readonly close: () => Promise<void>;
};

/** At most `idleMost` are kept while nobody needs them; how many there are at once is the caller's to limit. */
export function createMysqlPool(options: ConnectionOptions, idleMost: number): MysqlPool {
  const idle = new Set<Connection>();
  const ended = new WeakSet<Connection>();
  const onEnd = (connection: Connection): void => {
    idle.delete(connection);
    ended.add(connection);
  };
  let closed = false;
  return {
    async take() {
      const [kept] = idle;
      if (kept === undefined) return open(options, onEnd);
      idle.delete(kept);
      return kept;
    },
    giveBack(connection, broken) {
      if (broken || closed || ended.has(connection) || idle.size >= idleMost) connection.destroy();
      else idle.add(connection);
    },
    async close() {
      closed = true;
      for (const connection of idle) connection.destroy();
      idle.clear();
    },
  };
}

function open(options: ConnectionOptions, onEnd: (connection: Connection) => void): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const connection = mysql.createConnection(options);
    let problem: (Error & { readonly code?: string }) | undefined;
    connection.on("error", (error: Error & { readonly code?: string }) => {
      onEnd(connection);
      // A connection that is lost says why in a second error, and which comes first depends on the socket.
      if (problem === undefined || problem.code === "PROTOCOL_CONNECTION_LOST") problem = error;
      setImmediate(() => {
        connection.destroy();
        reject(problem ?? error);
      });
    });
    connection.on("end", () => onEnd(connection));
    connection.once("connect", () => resolve(connection));
  });
}
