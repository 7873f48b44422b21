/** A way to the test database that can be held up: what a node sees of a store that has gone silent. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

import type pg from "pg";

export type StoreProxy = {
  readonly url: string;
  /** Nothing passes any more, in either direction; connections stay open. */
  readonly hold: () => void;
  readonly release: () => void;
  readonly close: () => Promise<void>;
};

export async function startStoreProxy(connection: pg.PoolConfig): Promise<StoreProxy> {
  const target = new URL(connection.connectionString ?? "postgres://localhost");
  const host = connection.host ?? target.hostname;
  const port = connection.port ?? Number(target.port || 5432);
  const sockets = new Set<Socket>();
  let held = false;
  const server = createServer((near) => {
    const far = host.startsWith("/") ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
      if (held) from.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(target);
  url.hostname = "127.0.0.1";
  url.port = String((server.address() as AddressInfo).port);
  url.username = connection.user ?? target.username;
  url.pathname = `/${connection.database ?? target.pathname.slice(1)}`;
  return {
    url: url.toString(),
    hold: () => {
      held = true;
      for (const socket of sockets) socket.pause();
    },
    release: () => {
      held = false;
      for (const socket of sockets) socket.resume();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
