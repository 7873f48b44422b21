/** What vendors bill the company, and what they complain about: one case a minute that three departments work on, and one plain one. */
import type { Random } from "./random.ts";
import type { VendorInvoice } from "./records.ts";

export type VendorCase = {
  readonly invoice: VendorInvoice;
  readonly billedAtMs: number;
  readonly complainedAtMs: number;
};

const HOUR_MS = 3_600_000;

/**
 * The first bills more than was ordered, is large and due soon, and its vendor complains that it is not paid; the second
 * is small and right, and its vendor complains as well. `nowMs` is the beginning of the minute.
 */
export function makeVendorCases(random: Random, at: { readonly minute: number; readonly nowMs: number }): VendorCase[] {
  const make = (slot: number, dueHours: number): Pick<VendorInvoice, "id" | "vendorId" | "currency" | "dueAt"> => ({
    id: `vin-${7001 + at.minute * 2 + slot}`,
    vendorId: `ven-${random.int(11, 49)}`,
    currency: "EUR",
    dueAt: new Date(at.nowMs + dueHours * HOUR_MS).toISOString(),
  });
  const [large, small] = [random.int(400_000, 900_000), random.int(20_000, 60_000)];
  const dear = { ...make(0, 40), orderedMinor: large, billedMinor: large + random.int(20_000, 90_000) };
  const plain = { ...make(1, 400), orderedMinor: small, billedMinor: small };
  return [
    { invoice: dear, billedAtMs: 5_000, complainedAtMs: 14_000 },
    { invoice: plain, billedAtMs: 9_000, complainedAtMs: 11_000 },
  ];
}
