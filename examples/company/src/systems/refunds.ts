/** Refunds and the journal they live in: what the payments service decides, apart from HTTP. */
import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import { Journal, readJournal } from "./journal.ts";

const refundBody = z.strictObject({
  invoiceId: z.string().min(1),
  accountId: z.string().min(1),
  amountMinor: z.int().positive(),
  currency: z.string().regex(/^[A-Z]{3}$/),
  reason: z.string().min(1).max(1_000),
});

const storedRefund = refundBody.extend({
  id: z.string(),
  createdAt: z.string(),
  cancelledAt: z.string().nullable(),
});

const refundAttempt = z.object({
  at: z.string(),
  attempt: z.enum(["refund", "cancel"]),
  outcome: z.enum([
    "created",
    "repeated",
    "key_conflict",
    "invalid",
    "unauthorized",
    "unavailable",
    "cancelled",
    "already_cancelled",
    "too_late",
    "not_found",
  ]),
  idempotencyKey: z.string().nullable(),
  digest: z.string().nullable(),
  refund: storedRefund.nullable(),
});

type StoredRefund = z.infer<typeof storedRefund>;
/** One line of the journal. Money moved where `outcome` is `created`, and came back where it is `cancelled`. */
export type RefundAttempt = z.infer<typeof refundAttempt>;
export type Refund = StoredRefund & { readonly status: "pending" | "cancelled" | "settled" };
export type Answer = { readonly status: 200 | 201 | 400 | 404 | 409 | 422; readonly body: object };

export type Refunds = {
  readonly create: (body: unknown, idempotencyKey: string | null) => Answer;
  readonly cancel: (id: string) => Answer;
  readonly get: (id: string) => Answer;
  readonly find: (by: {
    readonly invoiceId?: string | undefined;
    readonly idempotencyKey?: string | undefined;
  }) => Refund[];
  /** Writes down an attempt that never reached a decision. */
  readonly note: (attempt: RefundAttempt["attempt"], outcome: "unauthorized" | "unavailable") => void;
  readonly close: () => void;
};

/** All attempts in the journal, oldest first; independent of a running service, so that tests can count effects. */
export function readRefundAttempts(journalPath: string): RefundAttempt[] {
  return readJournal(journalPath, (line) => refundAttempt.parse(line));
}

export function openRefunds(journalPath: string, cancelWindowMs: number): Refunds {
  const byId = new Map<string, StoredRefund>();
  const byKey = new Map<string, { readonly id: string; readonly digest: string }>();
  const apply = (entry: RefundAttempt): void => {
    if (entry.refund === null || (entry.outcome !== "created" && entry.outcome !== "cancelled")) return;
    byId.set(entry.refund.id, entry.refund);
    if (entry.outcome === "created" && entry.idempotencyKey !== null) {
      byKey.set(entry.idempotencyKey, { id: entry.refund.id, digest: entry.digest ?? "" });
    }
  };
  const earlier = readRefundAttempts(journalPath);
  const journal = new Journal<RefundAttempt>(journalPath);
  for (const entry of earlier) apply(entry);

  const write = (entry: Pick<RefundAttempt, "attempt" | "outcome"> & Partial<RefundAttempt>): void => {
    const whole = { at: new Date().toISOString(), idempotencyKey: null, digest: null, refund: null, ...entry };
    journal.append(whole);
    apply(whole);
  };
  const show = (refund: StoredRefund): Refund => ({ ...refund, status: statusOf(refund, cancelWindowMs) });

  return {
    create: (body, idempotencyKey) => createRefund({ byId, byKey, write, show }, body, idempotencyKey),
    cancel: (id) => {
      const refund = byId.get(id);
      if (refund === undefined) {
        write({ attempt: "cancel", outcome: "not_found" });
        return notFound();
      }
      const status = statusOf(refund, cancelWindowMs);
      if (status === "settled") {
        write({ attempt: "cancel", outcome: "too_late", refund });
        return {
          status: 409,
          body: { error: "too_late", message: "the refund has left the bank", refund: show(refund) },
        };
      }
      const cancelled = status === "cancelled" ? refund : { ...refund, cancelledAt: new Date().toISOString() };
      const outcome = status === "cancelled" ? "already_cancelled" : "cancelled";
      write({ attempt: "cancel", outcome, refund: cancelled });
      return { status: 200, body: show(cancelled) };
    },
    get: (id) => {
      const refund = byId.get(id);
      return refund === undefined ? notFound() : { status: 200, body: show(refund) };
    },
    find: ({ invoiceId, idempotencyKey }) => {
      const keyed = idempotencyKey === undefined ? undefined : (byKey.get(idempotencyKey)?.id ?? "");
      return [...byId.values()]
        .filter((refund) => (invoiceId ?? refund.invoiceId) === refund.invoiceId && (keyed ?? refund.id) === refund.id)
        .map(show);
    },
    note: (attempt, outcome) => {
      write({ attempt, outcome });
    },
    close: () => {
      journal.close();
    },
  };
}

type Books = {
  readonly byId: ReadonlyMap<string, StoredRefund>;
  readonly byKey: ReadonlyMap<string, { readonly id: string; readonly digest: string }>;
  readonly write: (entry: Pick<RefundAttempt, "attempt" | "outcome"> & Partial<RefundAttempt>) => void;
  readonly show: (refund: StoredRefund) => Refund;
};

/** Same key and same body: the same refund again. Same key and another body: refused. No key: a new refund each time. */
function createRefund({ byId, byKey, write, show }: Books, body: unknown, idempotencyKey: string | null): Answer {
  const parsed = refundBody.safeParse(body);
  if (!parsed.success) {
    write({ attempt: "refund", outcome: "invalid", idempotencyKey });
    return { status: 400, body: { error: "bad_request", message: z.prettifyError(parsed.error) } };
  }
  const { invoiceId, accountId, amountMinor, currency, reason } = parsed.data;
  const digest = createHash("sha256")
    .update(JSON.stringify([invoiceId, accountId, amountMinor, currency, reason]))
    .digest("hex");
  const before = idempotencyKey === null ? undefined : byKey.get(idempotencyKey);
  const refundBefore = before === undefined ? undefined : byId.get(before.id);
  if (before !== undefined && refundBefore !== undefined) {
    const same = before.digest === digest;
    const outcome = same ? "repeated" : "key_conflict";
    write({ attempt: "refund", outcome, idempotencyKey, digest, refund: refundBefore });
    if (same) return { status: 200, body: show(refundBefore) };
    return { status: 422, body: { error: "key_reused", message: "this Idempotency-Key made another refund" } };
  }
  const refund = { id: `rfd_${randomUUID()}`, ...parsed.data, createdAt: new Date().toISOString(), cancelledAt: null };
  write({ attempt: "refund", outcome: "created", idempotencyKey, digest, refund });
  return { status: 201, body: show(refund) };
}

function statusOf(refund: StoredRefund, cancelWindowMs: number): Refund["status"] {
  if (refund.cancelledAt !== null) return "cancelled";
  return Date.now() - Date.parse(refund.createdAt) > cancelWindowMs ? "settled" : "pending";
}

function notFound(): Answer {
  return { status: 404, body: { error: "not_found", message: "no such refund" } };
}
