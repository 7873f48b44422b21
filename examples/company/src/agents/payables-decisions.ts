/** What the three payables agents think, each about its own department and nothing else. No input, no output. */
import { z } from "zod";
import type { ToolCall } from "./tool-session.ts";

const amount = z.coerce.number().int();

export const billRow = z.object({
  invoiceId: z.string(),
  vendorId: z.string(),
  orderedMinor: amount,
  billedMinor: amount,
  currency: z.string(),
  dueAt: z.string(),
});
export type BillRow = z.infer<typeof billRow>;

export const complaintRow = z.object({
  invoiceId: z.string(),
  vendorId: z.string(),
  billedMinor: amount,
  currency: z.string(),
  text: z.string(),
});
export type ComplaintRow = z.infer<typeof complaintRow>;

/** The agents' own configuration: what the tools are called where they work. */
export const PAYABLES_TOOLS = {
  listInvoices: "payables.list_invoices",
  listComplaints: "payables.list_complaints",
  flag: "payables.flag_invoice",
  delay: "payables.delay_payment",
  credit: "payables.credit_vendor",
} as const;

const HOUR_MS = 3_600_000;
/** An invoice above this that is due within two days is paid later: 1,000.00. */
const LARGE_MINOR = 100_000;
const SOON_MS = 48 * HOUR_MS;
const DELAY_DAYS = 21;
/** What an unhappy vendor gets for goodwill, of the billed amount. */
const GOODWILL = 0.1;

/** Invoice review: what is billed must be what was ordered. */
export function decideFlag(bill: BillRow): ToolCall | undefined {
  const { invoiceId, orderedMinor, billedMinor } = bill;
  if (orderedMinor === billedMinor) return undefined;
  return {
    tool: PAYABLES_TOOLS.flag,
    args: { invoiceId, reason: `ordered ${orderedMinor}, billed ${billedMinor}` },
    confidence: 0.95,
    rationale: "The invoice bills another amount than was ordered.",
  };
}

/** Cash flow: what is large and due soon can wait. `nowMs` in epoch milliseconds. */
export function decideDelay(bill: BillRow, nowMs: number): ToolCall | undefined {
  const { invoiceId, vendorId, billedMinor, dueAt } = bill;
  if (billedMinor <= LARGE_MINOR || Date.parse(dueAt) - nowMs > SOON_MS) return undefined;
  return {
    tool: PAYABLES_TOOLS.delay,
    args: { invoiceId, vendorId, days: DELAY_DAYS },
    confidence: 0.9,
    rationale: "A large payment is due within two days.",
  };
}

/** Vendor relations: whoever complains gets something for goodwill. */
export function decideCredit(complaint: ComplaintRow): ToolCall | undefined {
  const { invoiceId, vendorId, billedMinor, currency, text } = complaint;
  const amountMinor = Math.round(billedMinor * GOODWILL);
  if (amountMinor < 1) return undefined;
  return {
    tool: PAYABLES_TOOLS.credit,
    args: { vendorId, invoiceId, amountMinor, currency },
    confidence: 0.85,
    rationale: `The vendor complains: ${text}`,
  };
}
