/** What the billing agent thinks: is this second payment a mistake, and what follows from an answer. No input, no output. */
import { z } from "zod";
import type { ToolAnswer } from "./tool-answer.ts";
import type { ToolCall } from "./tool-session.ts";

export const accountRow = z.object({ id: z.string(), name: z.string().optional(), status: z.string() });
export type AccountRow = z.infer<typeof accountRow>;

const amount = z.coerce.number().int();

export const duplicateRow = z.object({
  paymentId: z.string(),
  firstPaymentId: z.string(),
  invoiceId: z.string(),
  accountId: z.string(),
  amountMinor: amount,
  invoiceAmountMinor: amount,
  paidMinor: amount,
  currency: z.string(),
  poNumber: z.string().nullish(),
  firstReference: z.string().default(""),
  reference: z.string().default(""),
  firstReceivedAt: z.coerce.date(),
  receivedAt: z.coerce.date(),
});
/** Two payments of one amount on one invoice; `paidMinor` is the sum of all payments on it. */
export type Duplicate = z.infer<typeof duplicateRow>;

export const refundRow = z.object({ id: z.string(), amountMinor: amount, status: z.string() });
export const invoiceRow = z.object({ currency: z.string(), poNumber: z.string().nullish(), status: z.string() });

/** The agent's own configuration: what the tools are called where it works. */
export const BILLING_TOOLS = {
  listAccounts: "crm.list_accounts",
  getAccount: "crm.get_account",
  sendNotice: "crm.send_notice",
  findDuplicates: "billing.find_duplicate_payments",
  getInvoice: "billing.get_invoice",
  recordAdjustment: "billing.record_adjustment",
  refund: "payments.refund",
  findRefunds: "payments.find_refunds",
} as const;

export type BillingDecision =
  | { readonly do: "refund"; readonly confidence: number }
  | { readonly do: "leave"; readonly why: string };

const HOUR_MS = 3_600_000;
const LEAST_CONFIDENCE = 0.4;

/** Decides about one case. The rule of the house: an account that is not active is never refunded, legal has it. */
export function decideDuplicate(duplicate: Duplicate, account: AccountRow | undefined): BillingDecision {
  if (account === undefined) return leave("the account is not on the list");
  if (account.status !== "active") return leave(`the account is ${account.status}`);
  if (!/^[A-Z]{3}$/.test(duplicate.currency) || duplicate.currency === "XXX") {
    return leave(`the invoice's currency is "${duplicate.currency}"`);
  }
  if (duplicate.paidMinor - duplicate.amountMinor < duplicate.invoiceAmountMinor) {
    return leave("without the second payment the invoice is not paid in full");
  }
  const confidence = confidenceOf(duplicate);
  return confidence < LEAST_CONFIDENCE ? leave(`only ${confidence} sure`) : { do: "refund", confidence };
}

/** How sure the evidence makes us that the second payment is a mistake: 0.05 to 0.99. */
export function confidenceOf(duplicate: Duplicate): number {
  const distanceMs = duplicate.receivedAt.getTime() - duplicate.firstReceivedAt.getTime();
  const distance =
    distanceMs <= HOUR_MS ? 0.12 : distanceMs <= 24 * HOUR_MS ? 0.08 : distanceMs <= 72 * HOUR_MS ? 0.03 : -0.15;
  const sum =
    0.5 +
    (tidy(duplicate.reference) === tidy(duplicate.firstReference) ? 0.25 : -0.1) +
    (duplicate.amountMinor === duplicate.invoiceAmountMinor ? 0.1 : -0.1) +
    distance +
    (duplicate.poNumber === null || duplicate.poNumber === undefined ? -0.15 : 0);
  return Math.round(Math.min(Math.max(sum, 0.05), 0.99) * 100) / 100;
}

/** A case that goes forward: refund, then adjustment, then notice. */
export const BILLING_STEPS = ["refund", "adjustment", "notice"] as const;
export type BillingStep = (typeof BILLING_STEPS)[number];

/** The call that a step makes. It depends on the case alone, so repeating a step repeats the identical call. */
export function callOf(step: BillingStep, duplicate: Duplicate): ToolCall {
  const { invoiceId, accountId, amountMinor, currency, paymentId, firstPaymentId } = duplicate;
  const stated = { confidence: confidenceOf(duplicate), rationale: explain(duplicate) };
  const reason = `Duplicate payment ${paymentId} of ${firstPaymentId}`;
  switch (step) {
    case "refund":
      return { tool: BILLING_TOOLS.refund, args: { invoiceId, accountId, amountMinor, currency, reason }, ...stated };
    case "adjustment": {
      const idempotencyKey = `duplicate-${paymentId}`;
      return {
        tool: BILLING_TOOLS.recordAdjustment,
        args: { invoiceId, accountId, amountMinor, currency, reason, idempotencyKey },
        ...stated,
      };
    }
    case "notice": {
      const subject = `Refund for ${invoiceId}`;
      const body = `We received ${invoiceId} twice and refund ${formatMoney(amountMinor, currency)} to you.`;
      return { tool: BILLING_TOOLS.sendNotice, args: { accountId, subject, body, invoiceId }, ...stated };
    }
    default:
      return step satisfies never;
  }
}

export type Next =
  | { readonly do: "advance" }
  | { readonly do: "reread" }
  | { readonly do: "wait" }
  | { readonly do: "drop"; readonly why: string };

const MOST_REREADS = 3;

/** What an answer to a step means for the case. `rereads` counts how often this case was decided again already. */
export function afterAnswer(answer: ToolAnswer, rereads: number): Next {
  switch (answer.kind) {
    case "data":
      return { do: "advance" };
    case "pending":
      return { do: "wait" };
    case "changed":
      return rereads < MOST_REREADS ? { do: "reread" } : { do: "drop", why: `keeps changing: ${answer.text}` };
    case "refused":
      return { do: "drop", why: answer.text };
    default:
      return answer satisfies never;
  }
}

/** A refund of this payment that was made before: after a restart the agent has forgotten its cases. */
export function isRefunded(duplicate: Duplicate, refunds: readonly z.infer<typeof refundRow>[]): boolean {
  return refunds.some((refund) => refund.status !== "cancelled" && refund.amountMinor === duplicate.amountMinor);
}

function explain(duplicate: Duplicate): string {
  const hours = (duplicate.receivedAt.getTime() - duplicate.firstReceivedAt.getTime()) / HOUR_MS;
  const reference = tidy(duplicate.reference) === tidy(duplicate.firstReference) ? "same" : "another";
  const order = duplicate.poNumber === null || duplicate.poNumber === undefined ? "no PO number" : "PO number known";
  return `${duplicate.paymentId} repeats ${duplicate.firstPaymentId} after ${hours.toFixed(1)} h: same amount, ${reference} reference, ${order}.`;
}

function formatMoney(minor: number, currency: string): string {
  return `${(minor / 100).toFixed(2)} ${currency}`;
}

function tidy(reference: string): string {
  return reference.toUpperCase().replaceAll(/[^A-Z0-9]/g, "");
}

function leave(why: string): BillingDecision {
  return { do: "leave", why };
}
