/** An HTTP proxy for tests that knows CONNECT, asks for credentials, and counts. */
import { createServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";

export type ConnectProxy = {
  readonly url: string;
  readonly port: number;
  /** The authorities asked for, in order. */
  readonly asked: string[];
  /** Answers this status to each CONNECT, instead of a way. */
  refuse: number | undefined;
  /** Names that nobody but the proxy knows, and where they are. */
  readonly hosts: Map<string, string>;
  /** Bytes that came back through it so far; `onBytes` is told of each piece. */
  returned: number;
  onBytes: ((returned: number) => void) | undefined;
  /** Breaks every connection that goes through it, and takes new ones. */
  readonly cut: () => void;
  readonly close: () => Promise<void>;
};

/** `credentials` are `user:password`; without them anybody may pass. */
export async function startConnectProxy(credentials?: string): Promise<ConnectProxy> {
  const sockets = new Set<Socket>();
  const asked: string[] = [];
  const hosts = new Map<string, string>();
  const wanted = credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString("base64")}`;
  const state: Pick<ConnectProxy, "refuse" | "returned" | "onBytes"> = {
    refuse: undefined,
    returned: 0,
    onBytes: undefined,
  };
  const server = createServer((_, response) => response.writeHead(405).end());
  server.on("connect", (request, client: Socket, head: Buffer) => {
    asked.push(request.url ?? "");
    sockets.add(client);
    client.on("error", () => undefined);
    const status = wanted !== undefined && request.headers["proxy-authorization"] !== wanted ? 407 : proxy.refuse;
    if (status !== undefined) {
      client.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const at = new URL(`http://${request.url ?? ""}`);
    const upstream = connect(Number(at.port || 80), hosts.get(at.hostname) ?? at.hostname);
    sockets.add(upstream);
    upstream.on("error", () => client.destroy());
    upstream.once("connect", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.write(head);
      upstream.on("data", (chunk: Buffer) => {
        proxy.returned += chunk.length;
        proxy.onBytes?.(proxy.returned);
      });
      upstream.pipe(client);
      client.pipe(upstream);
    });
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const proxy: ConnectProxy = Object.assign(state, {
    url: `http://127.0.0.1:${port}`,
    port,
    asked,
    hosts,
    cut: () => {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    },
    close: async () => {
      proxy.cut();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
  return proxy;
}
