/** Lets the company live: carries out, on time, what its people and customers do, through the systems themselves. */
import { setTimeout as sleep } from "node:timers/promises";
import type { BillingLedger } from "../systems/billing.ts";
import type { CarriersSystem } from "../systems/carriers.ts";
import type { CrmSystem } from "../systems/crm.ts";
import type { PayablesSystem } from "../systems/payables.ts";
import { planMinute, type Happening } from "./plan.ts";
import type { World } from "./records.ts";

export type WorldEvent = {
  readonly at: string;
  readonly event: Happening["kind"] | "failed";
  readonly detail: string;
};

export type RunWorldOptions = {
  readonly world: World;
  readonly crm: Pick<CrmSystem, "refreshReplica" | "changeStatus">;
  readonly billing: Pick<BillingLedger, "bookPayments" | "hasPayment">;
  readonly carriers: Pick<CarriersSystem, "bookShipment">;
  readonly payables: Pick<PayablesSystem, "receive" | "complain">;
  /** 1 is real time; 2 is twice as fast. */
  readonly rate?: number;
  readonly onEvent?: (event: WorldEvent) => void;
};

export type RunningWorld = {
  /** Stops, and resolves when nothing more will happen. */
  readonly stop: () => Promise<void>;
};

/**
 * Starts the company's day. The CRM's list replica is refreshed once at the start, so everything that the plan changes
 * in the first minute is newer than what the list view says. A minute that was lived before (its payments are in the
 * ledger) is not lived again: after a restart the world goes on with the next one.
 */
export async function runWorld(options: RunWorldOptions): Promise<RunningWorld> {
  const minute = await findFirstMinute(options, 0);
  await options.crm.refreshReplica();
  const stopping = new AbortController();
  const living = live(options, { minute, signal: stopping.signal });
  return {
    stop: async () => {
      stopping.abort();
      await living;
    },
  };
}

async function live(
  options: RunWorldOptions,
  from: { readonly minute: number; readonly signal: AbortSignal },
): Promise<void> {
  const rate = options.rate ?? 1;
  const startMs = performance.now();
  for await (const { dueMs, happening } of schedule(options.world, { minute: from.minute, rate, startMs })) {
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: from.signal }).catch(() => undefined);
    if (from.signal.aborted) return;
    const event = await carryOut(options, happening);
    options.onEvent?.(event);
  }
}

async function* schedule(
  world: World,
  from: { readonly minute: number; readonly rate: number; readonly startMs: number },
): AsyncGenerator<{ readonly dueMs: number; readonly happening: Happening }> {
  for (let minute = from.minute; ; minute += 1) {
    for (const happening of planMinute(world, minute)) {
      const offsetMs = (minute - from.minute) * 60_000 + happening.atMs;
      yield { dueMs: from.startMs + offsetMs / from.rate, happening };
    }
  }
}

/** A system may be down; life goes on, and the event says what did not happen. */
async function carryOut(options: RunWorldOptions, happening: Happening): Promise<WorldEvent> {
  const at = new Date().toISOString();
  try {
    return { at, event: happening.kind, detail: await act(options, happening) };
  } catch (error) {
    return { at, event: "failed", detail: error instanceof Error ? error.message : String(error) };
  }
}

async function act(options: RunWorldOptions, happening: Happening): Promise<string> {
  switch (happening.kind) {
    case "status":
      await options.crm.changeStatus(happening);
      return `${happening.accountId} is now ${happening.status}`;
    case "payments": {
      const nowMs = Date.now();
      const payments = happening.lines.map(({ agoMs, ...line }) => {
        return { ...line, receivedAt: new Date(nowMs - agoMs).toISOString() };
      });
      await options.billing.bookPayments(payments);
      return `bank statement: ${payments.map((payment) => `${payment.id} on ${payment.invoiceId}`).join(", ")}`;
    }
    case "shipment": {
      const shipment = { ...happening.shipment, updatedAt: new Date().toISOString() };
      options.carriers.bookShipment(shipment);
      return `${shipment.id} on ${shipment.lane}, hold ${shipment.hold}`;
    }
    case "bill":
      options.payables.receive(happening.invoice);
      return `${happening.invoice.vendorId} bills ${happening.invoice.id}`;
    case "complaint":
      options.payables.complain(happening);
      return `${happening.vendorId} complains: ${happening.text}`;
    default:
      return happening satisfies never;
  }
}

async function findFirstMinute(options: RunWorldOptions, minute: number): Promise<number> {
  const first = planMinute(options.world, minute).find((happening) => happening.kind === "payments");
  const known = first?.lines[0] !== undefined && (await options.billing.hasPayment(first.lines[0].id));
  return known ? await findFirstMinute(options, minute + 1) : minute;
}
