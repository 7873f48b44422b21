/** The system of record of the fault tests. It lives in the test process, is never killed, and counts every effect itself. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** `pay` honours a key; `post` can only be asked; `send` can be neither repeated nor asked. */
export type Manner = "pay" | "post" | "send";
export type Effect = {
  readonly manner: Manner;
  readonly ref: string;
  readonly key: string | undefined;
  /** Epoch ms. */
  readonly at: number;
};
/** What befalls one request: `refuse` 503 and nothing done; `lose` done, unanswered; `late` done after the caller's time. */
export type Mishap = "none" | "refuse" | "lose" | "late" | "slow_answer";

export type Desk = {
  readonly url: string;
  /** Every effect that happened, in order. */
  readonly effects: Effect[];
  /** Every write request that arrived, repeats included. */
  readonly calls: { readonly manner: Manner; readonly ref: string; readonly key: string | undefined }[];
  /** Decides what befalls a write; may be changed at any time. */
  mishap: (call: { readonly manner: Manner; readonly ref: string }) => Mishap;
  /** How long a read of an account takes, in ms. */
  accountDelayMs: number;
  readonly close: () => Promise<void>;
};

/** The tools' time limit is 1 s: longer than this and the caller has given up. */
const beyondTimeoutMs = 1300;

export async function startDesk(): Promise<Desk> {
  const effects: Effect[] = [];
  const calls: Desk["calls"] = [];
  /** What a key did; a repeat that arrives in the middle waits for the first. */
  const byKey = new Map<string, Promise<Effect>>();
  const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
  const calm: Desk["mishap"] = () => "none";
  const desk = { effects, calls, mishap: calm, accountDelayMs: 0 };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://desk");
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.method === "GET") return read(url, response);
    const { ref } = JSON.parse(Buffer.concat(chunks).toString()) as { ref: string };
    const manner = url.pathname.slice(1) as Manner;
    const header = request.headers["idempotency-key"];
    const key = typeof header === "string" ? header : undefined;
    const call = { manner, ref, key };
    calls.push(call);
    const mishap = desk.mishap(call);
    if (mishap === "refuse") return reply(response, 503, { error: "busy" });
    const effect = await once(call, mishap === "late" ? beyondTimeoutMs : 0);
    if (mishap === "lose") return void request.socket.destroy();
    if (mishap === "slow_answer") await sleep(beyondTimeoutMs);
    return reply(response, 200, { ref, at: effect.at });
  }

  function once(call: Omit<Effect, "at">, delayMs: number): Promise<Effect> {
    const act = async (): Promise<Effect> => {
      await sleep(delayMs);
      const effect = { ...call, at: Date.now() };
      effects.push(effect);
      return effect;
    };
    if (call.key === undefined || call.manner !== "pay") return act();
    const done = byKey.get(call.key) ?? act();
    byKey.set(call.key, done);
    return done;
  }

  async function read(url: URL, response: ServerResponse): Promise<void> {
    if (url.pathname === "/effects") {
      const ref = url.searchParams.get("ref");
      return reply(response, 200, { effects: effects.filter((effect) => effect.ref === ref) });
    }
    await sleep(desk.accountDelayMs);
    return reply(response, 200, { account: url.pathname.split("/").at(-1), status: "active" });
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(desk, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
