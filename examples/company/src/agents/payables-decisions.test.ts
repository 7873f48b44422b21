/** What each of the three payables agents decides by itself: each is right about what it looks at. */
import { describe, expect, it } from "vitest";
import { decideCredit, decideDelay, decideFlag, type BillRow } from "./payables-decisions.ts";

const nowMs = Date.UTC(2026, 8, 1, 8);
const bill: BillRow = {
  invoiceId: "vin-1",
  vendorId: "ven-1",
  orderedMinor: 500_000,
  billedMinor: 540_000,
  currency: "EUR",
  dueAt: new Date(nowMs + 40 * 3_600_000).toISOString(),
};

describe("invoice review", () => {
  it("flags what bills another amount than was ordered, and nothing else", () => {
    expect(decideFlag(bill)?.args).toMatchObject({ invoiceId: "vin-1" });
    expect(decideFlag({ ...bill, billedMinor: bill.orderedMinor })).toBeUndefined();
  });
});

describe("cash flow", () => {
  it("delays what is large and due soon, and nothing else", () => {
    expect(decideDelay(bill, nowMs)?.args).toMatchObject({ invoiceId: "vin-1", vendorId: "ven-1", days: 21 });
    expect(decideDelay({ ...bill, billedMinor: 100_000 }, nowMs)).toBeUndefined();
    expect(decideDelay({ ...bill, dueAt: new Date(nowMs + 49 * 3_600_000).toISOString() }, nowMs)).toBeUndefined();
  });
});

describe("vendor relations", () => {
  it("credits a tenth of the bill to whoever complains", () => {
    const complaint = { invoiceId: "vin-1", vendorId: "ven-1", billedMinor: 540_000, currency: "EUR", text: "unpaid" };
    expect(decideCredit(complaint)?.args).toEqual({
      vendorId: "ven-1",
      invoiceId: "vin-1",
      amountMinor: 54_000,
      currency: "EUR",
    });
    expect(decideCredit({ ...complaint, billedMinor: 0 })).toBeUndefined();
  });
});
