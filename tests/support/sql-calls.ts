/** Calls of the SQL connector for tests of any dialect, and a way to a database that breaks at COMMIT. */
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

import type { JsonObject, SqlConnector, SqlTool } from "@airworthy/contract";

import type { ConnectorCall } from "../../packages/server/src/kernel/deps.ts";

type CallOptions = Partial<Omit<ConnectorCall, "tool" | "arguments">> & {
  readonly tool?: Partial<SqlTool>;
  readonly connector?: Partial<SqlConnector>;
};

/** A read or a write by its first word, of the connector `erp` whose connection is in `ERP_URL`. */
export function sqlCallOf(
  sql: string,
  args: JsonObject = {},
  { tool = {}, connector = {}, ...more }: CallOptions = {},
): ConnectorCall {
  const effect = tool.effect ?? (/^\s*(select|values|with|table)/i.test(sql) ? "read" : "write");
  const definition: SqlTool = { name: "erp.do", effect, input: {}, sql, ...tool };
  const document = { name: "erp", type: "sql", connection: { env: "ERP_URL" }, tools: [], ...connector };
  return {
    tenant: "acme",
    snapshot: { connectors: { erp: document } } as unknown as ConnectorCall["snapshot"],
    tool: {
      name: definition.name,
      connector: "erp",
      effect,
      reversibility: effect === "read" ? "read_only" : "irreversible",
      timeoutMs: 10_000,
      definition,
      digest: "d",
    },
    arguments: args,
    idempotencyKey: "act_1",
    timeoutMs: 10_000,
    dispatchBeforeMonoMs: performance.now() + 60_000,
    ...more,
  };
}

type Breaking = { readonly at: "before" | "after"; readonly upstream: () => Socket };

/** Its port: connections through it break at the first COMMIT, before it arrives or after, without its answer. */
export async function startBreakingPath({ at, upstream: open }: Breaking): Promise<{ port: number; close(): void }> {
  let left = 1;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = open();
    let deaf = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
    }
    client.on("data", (chunk) => {
      const commits = left > 0 && chunk.includes("COMMIT");
      if (commits) left -= 1;
      if (commits && at === "before") client.destroy();
      else if (commits) deaf = true;
      if (!commits || at === "after") upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      if (deaf) client.destroy();
      else client.write(chunk);
    });
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** A port of the loopback on which nobody listens. */
export async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A connection to a host, or to a PostgreSQL socket in a folder. */
export function connectTo(host: string, port: number): Socket {
  return host.startsWith("/") ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
}
