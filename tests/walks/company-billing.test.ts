/** The billing ledger by itself: its rows, the duplicates that a query finds, and adjustments booked once. */
import { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { BILLING_SQL, openBilling, type BillingLedger } from "../../examples/company/src/systems/billing.ts";
import type { Payment } from "../../examples/company/src/world/records.ts";
import { createWorld, runWorld } from "../../examples/company/src/world.ts";
import { testDatabase } from "../support/database.ts";

const world = createWorld(7, Date.now());

type Found = {
  readonly paymentId: string;
  readonly invoiceId: string;
  readonly amountMinor: number;
  readonly paidMinor: number;
  readonly invoiceAmountMinor: number;
};

describe("billing ledger", () => {
  let pool: Pool;
  let ledger: BillingLedger;
  let drop: () => Promise<void>;

  beforeAll(async () => {
    const database = await testDatabase();
    drop = () => database.drop();
    pool = new Pool(database.connection);
    ledger = await openBilling(pool, world);
  }, 120_000);
  afterAll(async () => {
    await pool.end();
    await drop();
  });

  async function count(sql: string): Promise<number> {
    const { rows } = await pool.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${sql}`);
    return rows[0]?.count ?? 0;
  }

  async function findDuplicates(days: number | null = 400, limit: number | null = 1_000): Promise<Found[]> {
    return (await pool.query<Found>(BILLING_SQL.findDuplicatePayments, [days, limit])).rows;
  }

  it("holds the world's rows with their faults, and is filled once", async () => {
    await openBilling(pool, world);
    expect(await count("billing.invoices")).toBe(world.invoices.length);
    expect(await count("billing.payments_received")).toBe(world.payments.length);
    expect(await count("billing.invoices WHERE po_number IS NULL")).toBeGreaterThan(0);
    expect(await count("billing.invoices WHERE currency NOT IN ('EUR', 'USD')")).toBeGreaterThan(0);
  });

  it("finds what was paid twice, with amounts as numbers, and also two halves, which are no duplicates", async () => {
    const found = await findDuplicates();
    const twice = found.filter((row) => row.paidMinor - row.amountMinor >= row.invoiceAmountMinor);
    expect(twice.length).toBeGreaterThan(10);
    expect(found.length).toBeGreaterThan(twice.length);
    expect(found.every((row) => Number.isSafeInteger(row.amountMinor))).toBe(true);
    expect(await findDuplicates(null, 3)).toHaveLength(3);
  });

  it("finds a double charge as soon as the bank statement is booked, the newest first, until it is adjusted", async () => {
    const invoice = world.invoices.find((candidate) => candidate.status === "open");
    if (invoice === undefined) throw new Error("the world has no open invoice");
    const line = (id: string, ageMs: number): Payment => ({
      id,
      invoiceId: invoice.id,
      amountMinor: invoice.amountMinor,
      receivedAt: new Date(Date.now() - ageMs).toISOString(),
      reference: "INV",
    });
    const statement = [line("pay-x1", 60_000), line("pay-x2", 0)];
    await ledger.bookPayments(statement);
    await ledger.bookPayments(statement);
    expect([await ledger.hasPayment("pay-x2"), await ledger.hasPayment("pay-x3")]).toEqual([true, false]);
    expect((await findDuplicates())[0]).toMatchObject({ paymentId: "pay-x2", invoiceId: invoice.id });
    const { rows } = await pool.query(BILLING_SQL.getInvoice, [invoice.id]);
    expect(rows[0]).toMatchObject({ invoiceId: invoice.id, status: "paid", amountMinor: invoice.amountMinor });

    const adjustment = [invoice.id, invoice.amountMinor, "Duplicate payment pay-x2", "duplicate-pay-x2"];
    const first = await pool.query(BILLING_SQL.recordAdjustment, adjustment);
    const again = await pool.query(BILLING_SQL.recordAdjustment, adjustment);
    expect(again.rows).toEqual(first.rows);
    expect((await pool.query(BILLING_SQL.findAdjustment, ["duplicate-pay-x2"])).rows).toEqual(first.rows);
    const isFound = async (): Promise<boolean> => (await findDuplicates()).some((row) => row.paymentId === "pay-x2");
    expect(await isFound()).toBe(false);
    await pool.query(BILLING_SQL.removeAdjustment, [first.rows[0]?.adjustmentId]);
    expect(await isFound()).toBe(true);
  });

  it("goes on with the next minute when the company opens again", async () => {
    const booked = async (): Promise<string[]> => {
      const seen: string[] = [];
      const running = await runWorld({
        world,
        billing: ledger,
        crm: { refreshReplica: () => Promise.resolve(""), changeStatus: () => Promise.resolve() },
        carriers: { bookShipment: () => undefined },
        payables: { receive: () => undefined, complain: () => undefined },
        rate: 20,
        onEvent: ({ event, detail }) => {
          if (event === "payments") seen.push(detail);
        },
      });
      await vi.waitFor(() => expect(seen.length).toBeGreaterThan(0), { timeout: 10_000, interval: 5 });
      await running.stop();
      return seen;
    };
    const first = await booked();
    expect(first[0]).toContain("pay-0-");
    expect((await booked())[0]).toContain("pay-1-");
  });
});
