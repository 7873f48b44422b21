/** The payments service: refunds over HTTP, once per idempotency key, each attempt on disk before it is answered. */
import { setTimeout as sleep } from "node:timers/promises";
import { getRequestListener } from "@hono/node-server";
import { Hono, type Context } from "hono";
import { createRandom } from "../world/random.ts";
import { isSameSecret, listenOnLoopback, type Listening } from "./loopback.ts";
import { openRefunds, type Answer, type Refunds } from "./refunds.ts";

export { readRefundAttempts, type Refund } from "./refunds.ts";

/** Rates are probabilities in 0..1, drawn from `seed` (default 1). */
export type Faults = {
  readonly seed?: number;
  readonly delayMs?: number;
  /** 503 before anything is done. */
  readonly refuseRate?: number;
  /** 503 after the effect: it happened, and the caller does not know. */
  readonly loseAnswerRate?: number;
};

export type PaymentsOptions = {
  /** Expected in `X-Api-Key`. */
  readonly apiKey: string;
  /** JSON lines; read again at the next start. */
  readonly journalPath: string;
  /** How long a refund can be cancelled; default 15 minutes. */
  readonly cancelWindowMs?: number;
  readonly faults?: Faults;
  readonly port?: number;
};

export type PaymentsSystem = Listening & {
  readonly setFaults: (faults: Faults) => void;
};

export async function startPayments(options: PaymentsOptions): Promise<PaymentsSystem> {
  const refunds = openRefunds(options.journalPath, options.cancelWindowMs ?? 15 * 60_000);
  const faults = createFaults(options.faults ?? {});
  const app = routes({ refunds, faults, apiKey: options.apiKey });
  const listening = await listenOnLoopback(getRequestListener(app.fetch), options.port);
  return {
    url: listening.url,
    close: async () => {
      await listening.close();
      refunds.close();
    },
    setFaults: faults.set,
  };
}

type FaultDrawer = {
  readonly set: (faults: Faults) => void;
  readonly draw: () => { readonly delayMs: number; readonly refuse: boolean; readonly loseAnswer: boolean };
};

function createFaults(first: Faults): FaultDrawer {
  let current = first;
  let random = createRandom(first.seed ?? 1);
  return {
    set: (faults) => {
      current = faults;
      random = createRandom(faults.seed ?? 1);
    },
    draw: () => ({
      delayMs: current.delayMs ?? 0,
      refuse: random.chance(current.refuseRate ?? 0),
      loseAnswer: random.chance(current.loseAnswerRate ?? 0),
    }),
  };
}

type Parts = { readonly refunds: Refunds; readonly faults: FaultDrawer; readonly apiKey: string };

function routes({ refunds, faults, apiKey }: Parts): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    const attempt = attemptOf(context);
    if (!isSameSecret(context.req.header("x-api-key"), apiKey)) {
      if (attempt !== undefined) refunds.note(attempt, "unauthorized");
      return context.json({ error: "unauthorized", message: "send X-Api-Key" }, 401);
    }
    const fault = faults.draw();
    if (fault.delayMs > 0) await sleep(fault.delayMs);
    if (fault.refuse) {
      if (attempt !== undefined) refunds.note(attempt, "unavailable");
      return unavailable();
    }
    await next();
    if (fault.loseAnswer && attempt !== undefined) {
      context.res = unavailable();
    }
    return undefined;
  });
  app.post("/refunds", async (context) => {
    const body: unknown = await context.req.json().catch(() => undefined);
    return reply(context, refunds.create(body, context.req.header("idempotency-key") ?? null));
  });
  app.get("/refunds", (context) => {
    const { invoiceId, idempotencyKey } = context.req.query();
    if (invoiceId === undefined && idempotencyKey === undefined) {
      return context.json({ error: "bad_request", message: "ask by invoiceId or by idempotencyKey" }, 400);
    }
    return context.json({ refunds: refunds.find({ invoiceId, idempotencyKey }) });
  });
  app.get("/refunds/:id", (context) => reply(context, refunds.get(context.req.param("id"))));
  app.post("/refunds/:id/cancel", (context) => reply(context, refunds.cancel(context.req.param("id"))));
  return app;
}

/** Only writes are attempts; reads leave no trace in the journal. */
function attemptOf(context: Context): "refund" | "cancel" | undefined {
  if (context.req.method !== "POST") return undefined;
  return context.req.path === "/refunds" ? "refund" : "cancel";
}

function reply(context: Context, answer: Answer): Response {
  return context.json(answer.body, answer.status);
}

function unavailable(): Response {
  const body = { error: "unavailable", message: "try again later" };
  return Response.json(body, { status: 503, headers: { "retry-after": "1" } });
}
