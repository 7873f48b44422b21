/** The payments service by itself: one refund per key, through repeats, races, faults and a restart. */
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  readRefundAttempts,
  startPayments,
  type PaymentsOptions,
  type PaymentsSystem,
  type Refund,
} from "../../examples/company/src/systems/payments.ts";

const KEY = "payments-key";
const order = {
  invoiceId: "inv-1001",
  accountId: "acc-0001",
  amountMinor: 12_900,
  currency: "EUR",
  reason: "Duplicate payment",
};
let folder: string;
let journalPath: string;
let payments: PaymentsSystem;

async function start(options: Partial<PaymentsOptions> = {}): Promise<void> {
  payments = await startPayments({ apiKey: KEY, journalPath, ...options });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "company-payments-"));
  journalPath = join(folder, "journal.jsonl");
  await start();
});
afterEach(async () => {
  await payments.close();
  rmSync(folder, { recursive: true });
});

async function refund(body: unknown, key?: string): Promise<{ status: number; body: Refund }> {
  return await send("/refunds", { method: "POST", body: JSON.stringify(body), ...(key === undefined ? {} : { key }) });
}

async function cancel(id: string): Promise<{ status: number; body: Refund }> {
  return await send(`/refunds/${id}/cancel`, { method: "POST" });
}

async function send(
  path: string,
  { key, ...init }: { method?: string; body?: string; key?: string } = {},
): Promise<{ status: number; body: Refund }> {
  const headers = {
    "x-api-key": KEY,
    "content-type": "application/json",
    ...(key === undefined ? {} : { "idempotency-key": key }),
  };
  const response = await fetch(payments.url + path, { ...init, headers });
  return { status: response.status, body: (await response.json()) as Refund };
}

function outcomes(): string[] {
  return readRefundAttempts(journalPath).map((attempt) => attempt.outcome);
}

it("makes one refund of many calls with one key, even at once", async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => refund(order, "k1")));
  expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
  expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1);
  expect(answers.filter((answer) => answer.status === 200)).toHaveLength(7);
  expect(outcomes().filter((outcome) => outcome === "created")).toHaveLength(1);
  expect(outcomes().filter((outcome) => outcome === "repeated")).toHaveLength(7);
});

it("refuses a key that made another refund, and counts the attempt", async () => {
  await refund(order, "k1");
  expect((await refund({ ...order, amountMinor: 1 }, "k1")).status).toBe(422);
  expect(outcomes()).toEqual(["created", "key_conflict"]);
});

it("makes a new refund each time without a key", async () => {
  const [first, second] = [await refund(order), await refund(order)];
  expect(first.body.id).not.toBe(second.body.id);
});

it("finds refunds by key, by invoice and by id", async () => {
  const made = (await refund(order, "k1")).body;
  await refund({ ...order, invoiceId: "inv-1002" }, "k2");
  expect((await send("/refunds?idempotencyKey=k1")).body).toEqual({ refunds: [made] });
  expect((await send("/refunds?invoiceId=inv-1001")).body).toEqual({ refunds: [made] });
  expect((await send("/refunds?idempotencyKey=none")).body).toEqual({ refunds: [] });
  expect((await send(`/refunds/${made.id}`)).body).toEqual(made);
  expect((await send("/refunds")).status).toBe(400);
});

it("cancels within the window, any number of times, and not after it", async () => {
  const { id } = (await refund(order, "k1")).body;
  expect((await cancel(id)).body.status).toBe("cancelled");
  expect((await cancel(id)).status).toBe(200);
  expect((await cancel("rfd_none")).status).toBe(404);
  await payments.close();
  await start({ cancelWindowMs: -1 });
  const late = (await refund(order, "k2")).body;
  expect(late.status).toBe("settled");
  expect((await cancel(late.id)).status).toBe(409);
  expect(outcomes()).toEqual(["created", "cancelled", "already_cancelled", "not_found", "created", "too_late"]);
});

it("knows after a restart what it did, and forgets a line that was never finished", async () => {
  const made = (await refund(order, "k1")).body;
  await cancel(made.id);
  await payments.close();
  appendFileSync(journalPath, '{"at":"2026-');
  await start();
  expect((await refund(order, "k1")).body).toMatchObject({ id: made.id, status: "cancelled" });
  expect(outcomes()).toEqual(["created", "cancelled", "repeated"]);
});

it("counts refused attempts: bad bodies and wrong keys", async () => {
  for (const bad of [{}, { ...order, currency: "eur" }, { ...order, amountMinor: 0 }, { ...order, extra: 1 }]) {
    expect((await refund(bad, "k1")).status).toBe(400);
  }
  const response = await fetch(`${payments.url}/refunds`, { method: "POST", headers: { "x-api-key": "other" } });
  expect(response.status).toBe(401);
  expect(outcomes()).toEqual(["invalid", "invalid", "invalid", "invalid", "unauthorized"]);
});

it("can refuse before the effect, and can lose the answer after it", async () => {
  payments.setFaults({ refuseRate: 1 });
  expect((await refund(order, "k1")).status).toBe(503);
  payments.setFaults({ loseAnswerRate: 1 });
  expect((await refund(order, "k1")).status).toBe(503);
  payments.setFaults({});
  expect((await refund(order, "k1")).status).toBe(200);
  expect(outcomes()).toEqual(["unavailable", "created", "repeated"]);
});
