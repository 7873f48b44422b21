/** The company is the same for the same seed, and its first minute always holds the cases it promises. */
import { describe, expect, it } from "vitest";
import { LARGE_MINOR, planMinute, type Happening } from "./world/plan.ts";
import type { World } from "./world/records.ts";
import { createWorld } from "./world.ts";

const SEEDS = [1, 7, 42, 1_234, 99_991];

describe("createWorld", () => {
  it("makes the same company for the same seed, and another for another", () => {
    expect(createWorld(7)).toEqual(createWorld(7));
    expect(createWorld(8).invoices).not.toEqual(createWorld(7).invoices);
  });

  it("makes a ledger of production size with the faults of one", () => {
    const world = createWorld(7);
    expect(world.accounts).toHaveLength(500);
    expect(world.invoices).toHaveLength(4_000);
    expect(new Set(world.payments.map((payment) => payment.id)).size).toBe(world.payments.length);
    const invoices = new Map(world.invoices.map((invoice) => [invoice.id, invoice]));
    const isLate = (world_: World): boolean =>
      world_.payments.some((payment) => payment.receivedAt > (invoices.get(payment.invoiceId)?.dueAt ?? "~"));
    expect(isLate(world)).toBe(true);
    expect(world.invoices.some((invoice) => invoice.poNumber === null)).toBe(true);
    expect(world.invoices.some((invoice) => !["EUR", "USD"].includes(invoice.currency))).toBe(true);
    expect(world.payments.some((payment) => !invoices.has(payment.invoiceId))).toBe(true);
    expect(countTwice(world)).toBeGreaterThan(10);
  });
});

describe("planMinute", () => {
  it.each(SEEDS)("plans the same minute again (seed %i)", (seed) => {
    expect(planMinute(createWorld(seed), 3)).toEqual(planMinute(createWorld(seed), 3));
  });

  it.each(SEEDS)("disputes an active account before its small double charge is booked (seed %i)", (seed) => {
    const world = createWorld(seed);
    const plan = planMinute(world, 0);
    const disputes = plan.filter((happening) => happening.kind === "status" && happening.status === "disputed");
    expect(disputes.length).toBeGreaterThan(0);
    for (const dispute of disputes) {
      if (dispute.kind !== "status") continue;
      expect(world.accounts.find((account) => account.id === dispute.accountId)?.status).toBe("active");
      const charge = charges(plan).find((found) => accountOf(world, found) === dispute.accountId);
      expect(charge?.atMs).toBeGreaterThan(dispute.atMs);
      expect(charge?.atMs).toBeLessThan(60_000);
      expect(amountOf(charge)).toBeLessThanOrEqual(LARGE_MINOR);
    }
  });

  it.each(SEEDS)("charges twice a few large amounts and many small ones, on active accounts (seed %i)", (seed) => {
    const world = createWorld(seed);
    const found = charges(planMinute(world, 0));
    expect(found.filter((charge) => amountOf(charge) > LARGE_MINOR).length).toBeGreaterThan(0);
    expect(found.filter((charge) => amountOf(charge) <= LARGE_MINOR).length).toBeGreaterThan(5);
    const accounts = found.map((charge) => accountOf(world, charge));
    expect(new Set(accounts).size).toBe(accounts.length);
  });

  it.each(SEEDS)("brings a shipment on safety hold that another carrier would move for far less (seed %i)", (seed) => {
    const world = createWorld(seed);
    const held = planMinute(world, 0).flatMap((happening) =>
      happening.kind === "shipment" && happening.shipment.hold === "safety" ? [happening.shipment] : [],
    );
    const cheaper = held.filter((shipment) => {
      const rates = world.quotes.filter((quote) => quote.lane === shipment.lane).map((quote) => quote.rateMinor);
      return Math.min(...rates) < shipment.contractRateMinor * 0.6 && shipment.enteredBy === "desk";
    });
    expect(cheaper.length).toBeGreaterThan(0);
  });

  it("never gives two payments one id, and settles what it disputed ten minutes later", () => {
    const world = createWorld(7);
    const minutes = Array.from({ length: 30 }, (_, minute) => planMinute(world, minute));
    const ids = minutes.flatMap((plan) => charges(plan).flatMap((charge) => charge.lines.map((line) => line.id)));
    expect(new Set(ids).size).toBe(ids.length);
    const disputed = minutes[0]?.find((happening) => happening.kind === "status" && happening.status === "disputed");
    const settled = minutes[10]?.filter((happening) => happening.kind === "status" && happening.status === "active");
    expect(settled?.map((happening) => happening.kind === "status" && happening.accountId)).toContain(
      disputed?.kind === "status" && disputed.accountId,
    );
  });
});

type Charge = Extract<Happening, { kind: "payments" }>;

function charges(plan: readonly Happening[]): Charge[] {
  return plan.filter((happening): happening is Charge => happening.kind === "payments");
}

function amountOf(charge: Charge | undefined): number {
  return charge?.lines[0]?.amountMinor ?? Number.NaN;
}

function accountOf(world: World, charge: Charge): string | undefined {
  return world.invoices.find((invoice) => invoice.id === charge.lines[0]?.invoiceId)?.accountId;
}

function countTwice(world: World): number {
  const seen = new Set<string>();
  return world.payments.filter((payment) => {
    const key = `${payment.invoiceId} ${payment.amountMinor} ${payment.reference}`;
    const again = seen.has(key);
    seen.add(key);
    return again;
  }).length;
}
