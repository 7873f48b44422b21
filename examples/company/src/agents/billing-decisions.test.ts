/** The billing agent's judgement, case by case. */
import { describe, expect, it } from "vitest";
import { afterAnswer, callOf, confidenceOf, decideDuplicate, isRefunded, type Duplicate } from "./billing-decisions.ts";

const clear: Duplicate = {
  paymentId: "pay-2",
  firstPaymentId: "pay-1",
  invoiceId: "inv-1001",
  accountId: "acc-0001",
  amountMinor: 12_900,
  invoiceAmountMinor: 12_900,
  paidMinor: 25_800,
  currency: "EUR",
  poNumber: "PO-10000",
  firstReference: "INV 1001 / PO-10000",
  reference: "inv 1001/PO-10000",
  firstReceivedAt: new Date("2026-09-01T08:00:00Z"),
  receivedAt: new Date("2026-09-01T08:10:00Z"),
};
const active = { id: "acc-0001", status: "active" };

describe("decideDuplicate", () => {
  it("refunds a clear duplicate of an active account", () => {
    expect(decideDuplicate(clear, active)).toEqual({ do: "refund", confidence: 0.97 });
  });

  it.each(["disputed", "on_hold", "closed"])("leaves an account that is %s", (status) => {
    expect(decideDuplicate(clear, { ...active, status }).do).toBe("leave");
  });

  it("leaves an account that it has not seen", () => {
    expect(decideDuplicate(clear, undefined).do).toBe("leave");
  });

  it("leaves two halves of one invoice", () => {
    const halves = { ...clear, amountMinor: 6_450, paidMinor: 12_900 };
    expect(decideDuplicate(halves, active).do).toBe("leave");
  });

  it.each(["eur", "XXX", ""])("leaves an invoice in the currency %j", (currency) => {
    expect(decideDuplicate({ ...clear, currency }, active).do).toBe("leave");
  });

  it("leaves a case that it is not sure of", () => {
    const receivedAt = new Date("2026-09-20T08:00:00Z");
    const doubtful = { ...clear, poNumber: null, reference: "thank you", receivedAt };
    expect(decideDuplicate(doubtful, active).do).toBe("leave");
  });
});

describe("confidenceOf", () => {
  it("falls with a missing PO number, another reference and a longer time between", () => {
    const sure = confidenceOf(clear);
    const later = new Date("2026-09-03T08:00:00Z");
    expect(confidenceOf({ ...clear, poNumber: null })).toBeLessThan(sure);
    expect(confidenceOf({ ...clear, reference: "other" })).toBeLessThan(sure);
    expect(confidenceOf({ ...clear, receivedAt: later })).toBeLessThan(sure);
  });
});

describe("callOf", () => {
  it("makes the identical call again for the same case", () => {
    expect(callOf("refund", clear)).toEqual(callOf("refund", { ...clear }));
    expect(callOf("refund", clear).args).toEqual({
      invoiceId: "inv-1001",
      accountId: "acc-0001",
      amountMinor: 12_900,
      currency: "EUR",
      reason: "Duplicate payment pay-2 of pay-1",
    });
  });
});

describe("afterAnswer", () => {
  it.each([
    [{ kind: "data", data: {} } as const, 0, "advance"],
    [{ kind: "pending", text: "" } as const, 0, "wait"],
    [{ kind: "changed", text: "" } as const, 0, "reread"],
    [{ kind: "changed", text: "" } as const, 3, "drop"],
    [{ kind: "refused", text: "" } as const, 0, "drop"],
  ])("after %j with %i rereads: %s", (answer, rereads, expected) => {
    expect(afterAnswer(answer, rereads).do).toBe(expected);
  });
});

describe("isRefunded", () => {
  it("counts a refund of the same amount unless it was cancelled", () => {
    expect(isRefunded(clear, [{ id: "r", amountMinor: 12_900, status: "pending" }])).toBe(true);
    expect(isRefunded(clear, [{ id: "r", amountMinor: 12_900, status: "cancelled" }])).toBe(false);
    expect(isRefunded(clear, [{ id: "r", amountMinor: 100, status: "pending" }])).toBe(false);
  });
});
