/** A programmable HTTP system of record for tests: counts what reached it, answers as it is told. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Received = {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
};
export type Reply =
  | { readonly status?: number; readonly body?: unknown; readonly headers?: Record<string, string> }
  | "hang"
  | "reset";
export type Upstream = {
  readonly url: string;
  readonly received: Received[];
  /** What the next requests are answered; may be changed at any time. */
  answer: (request: Received) => Reply | Promise<Reply>;
  readonly writes: () => Received[];
  readonly close: () => Promise<void>;
};

export async function startUpstream(answer: Upstream["answer"] = () => ({ body: { ok: true } })): Promise<Upstream> {
  const received: Received[] = [];
  const upstream = { received, answer, writes: () => received.filter((one) => one.method !== "GET") };
  const server = createServer((request, response) => void serve(request, response));

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? "/", "http://upstream");
    const text = Buffer.concat(chunks).toString();
    const one: Received = {
      method: request.method ?? "",
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
      body: text === "" ? undefined : JSON.parse(text),
    };
    received.push(one);
    const reply = await upstream.answer(one);
    if (reply === "hang") return;
    if (reply === "reset") {
      request.socket.destroy();
      return;
    }
    response.writeHead(reply.status ?? 200, { "content-type": "application/json", ...reply.headers });
    response.end(JSON.stringify(reply.body ?? {}));
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(upstream, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}
