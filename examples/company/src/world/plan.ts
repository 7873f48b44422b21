/** Plans what the people and customers of the company do in one minute; the same minute of the same world is the same. */
import { referenceOf } from "./ledger.ts";
import { makeShipment } from "./freight.ts";
import { createRandom, type Random } from "./random.ts";
import type { AccountStatus, Hold, Invoice, Payment, Shipment, VendorInvoice, World } from "./records.ts";
import { makeVendorCases } from "./vendors.ts";

/** Something that happens `atMs` milliseconds into its minute. `agoMs` dates a payment back from that moment. */
export type Happening =
  | {
      readonly kind: "status";
      readonly atMs: number;
      readonly accountId: string;
      readonly status: AccountStatus;
      readonly reason: string;
    }
  | { readonly kind: "payments"; readonly atMs: number; readonly lines: readonly StatementLine[] }
  | { readonly kind: "shipment"; readonly atMs: number; readonly shipment: Shipment }
  | { readonly kind: "bill"; readonly atMs: number; readonly invoice: VendorInvoice }
  | {
      readonly kind: "complaint";
      readonly atMs: number;
      readonly vendorId: string;
      readonly invoiceId: string;
      readonly text: string;
    };

export type StatementLine = Omit<Payment, "receivedAt"> & { readonly agoMs: number };

/** A refund above this is large for the company: 500.00. */
export const LARGE_MINOR = 50_000;

const SMALL_AT = [4_000, 10_000, 16_000, 28_000, 34_000, 40_000, 46_000, 52_000];
const LARGE_AT = [13_000, 43_000];
/** The customer complains and legal takes over, then the bank statement with the second charge is booked. */
const DISPUTES_AT = [
  { statusMs: 19_000, paymentMs: 24_000 },
  { statusMs: 33_000, paymentMs: 38_000 },
];
const PAUSES_AT = [7_000, 31_000];
const SETTLED_AFTER_MINUTES = 10;
const SHIPMENTS_AT: readonly { readonly atMs: number; readonly hold?: Hold; readonly dear: boolean }[] = [
  { atMs: 6_000, hold: "none", dear: true },
  { atMs: 14_000, hold: "safety", dear: true },
  { atMs: 25_000, hold: "none", dear: false },
  { atMs: 37_000, hold: "customs", dear: true },
  { atMs: 47_000, dear: true },
  { atMs: 55_000, dear: false },
];

type Pools = {
  readonly small: readonly Invoice[];
  readonly large: readonly Invoice[];
  readonly disputed: readonly Invoice[];
  readonly paused: readonly string[];
};

/** Returns the minute's happenings in order of time. Minute 0 is the first after the company opens. */
export function planMinute(world: World, minute: number): Happening[] {
  const random = createRandom(world.seed, 1_000 + minute);
  const pools = poolsOf(world);
  const happenings: Happening[] = [
    ...SMALL_AT.flatMap((atMs, slot) => {
      const invoice = turn(pools.small, minute * SMALL_AT.length + slot);
      return invoice === undefined ? [] : [chargeTwice(random, invoice, { atMs, id: `${minute}-s${slot}` })];
    }),
    ...LARGE_AT.flatMap((atMs, slot) => {
      const invoice = turn(pools.large, minute * LARGE_AT.length + slot);
      return invoice === undefined ? [] : [chargeTwice(random, invoice, { atMs, id: `${minute}-l${slot}` })];
    }),
    ...DISPUTES_AT.flatMap(({ statusMs, paymentMs }, slot): Happening[] => {
      const invoice = turn(pools.disputed, minute * DISPUTES_AT.length + slot);
      if (invoice === undefined) return [];
      const reason = "customer disputes a double charge; the case is with legal";
      return [
        { kind: "status", atMs: statusMs, accountId: invoice.accountId, status: "disputed", reason },
        chargeTwice(random, invoice, { atMs: paymentMs, id: `${minute}-d${slot}` }),
      ];
    }),
    ...PAUSES_AT.flatMap((atMs, slot): Happening[] => {
      const accountId = turn(pools.paused, minute * PAUSES_AT.length + slot);
      const reason = "credit check";
      return accountId === undefined ? [] : [{ kind: "status", atMs, accountId, status: "on_hold", reason }];
    }),
    ...settle(pools, minute - SETTLED_AFTER_MINUTES),
    ...SHIPMENTS_AT.map(({ atMs, ...wanted }, slot): Happening => {
      const id = `shp-${3001 + minute * SHIPMENTS_AT.length + slot}`;
      const updatedAt = new Date(world.nowMs + minute * 60_000 + atMs).toISOString();
      return { kind: "shipment", atMs, shipment: makeShipment(random, world.quotes, { ...wanted, id, updatedAt }) };
    }),
    ...planVendors(world, minute),
  ];
  return happenings.toSorted((left, right) => left.atMs - right.atMs);
}

function planVendors(world: World, minute: number): Happening[] {
  const cases = makeVendorCases(createRandom(world.seed, 2_000_000 + minute), {
    minute,
    nowMs: world.nowMs + minute * 60_000,
  });
  return cases.flatMap(({ invoice, billedAtMs, complainedAtMs }): Happening[] => {
    const { id: invoiceId, vendorId } = invoice;
    const text = `${invoiceId} is not paid, and nobody answers`;
    return [
      { kind: "bill", atMs: billedAtMs, invoice },
      { kind: "complaint", atMs: complainedAtMs, vendorId, invoiceId, text },
    ];
  });
}

/** Cases of an earlier minute come back to normal, so that a company that runs for days does not run out of customers. */
function settle(pools: Pools, minute: number): Happening[] {
  if (minute < 0) return [];
  const disputed = DISPUTES_AT.map((_, slot) => turn(pools.disputed, minute * DISPUTES_AT.length + slot)?.accountId);
  const paused = PAUSES_AT.map((_, slot) => turn(pools.paused, minute * PAUSES_AT.length + slot));
  return [...disputed, ...paused]
    .filter((accountId) => accountId !== undefined)
    .map((accountId) => ({ kind: "status", atMs: 50_000, accountId, status: "active", reason: "settled" }));
}

/** The same transfer booked twice: a first line with an earlier value date, and its twin now. */
function chargeTwice(random: Random, invoice: Invoice, at: { readonly atMs: number; readonly id: string }): Happening {
  const line = { invoiceId: invoice.id, amountMinor: invoice.amountMinor, reference: referenceOf(invoice) };
  const gapMs = random.chance(0.7) ? random.int(20, 900) * 1_000 : random.int(4, 60) * 3_600_000;
  return {
    kind: "payments",
    atMs: at.atMs,
    lines: [
      { ...line, id: `pay-${at.id}a`, agoMs: gapMs },
      { ...line, id: `pay-${at.id}b`, agoMs: 0 },
    ],
  };
}

/** Deals the active customers to roles once, so that what happens in one role never disturbs another. */
function poolsOf(world: World): Pools {
  const active = createRandom(world.seed, 2).shuffle(world.accounts.filter((account) => account.status === "active"));
  const role = new Map(active.map((account, index) => [account.id, index % 10]));
  const unpaid = new Map<string, Invoice>();
  for (const invoice of world.invoices) {
    if (invoice.currency !== "EUR" || (invoice.status !== "open" && invoice.status !== "overdue")) continue;
    const isLarge = invoice.amountMinor > LARGE_MINOR;
    if (isLarge === (role.get(invoice.accountId) ?? -1) < 3 && !unpaid.has(invoice.accountId)) {
      unpaid.set(invoice.accountId, invoice);
    }
  }
  const ofRoles = (first: number, last: number): Invoice[] =>
    active.flatMap((account) => {
      const dealt = role.get(account.id) ?? -1;
      const invoice = unpaid.get(account.id);
      return invoice !== undefined && dealt >= first && dealt <= last ? [invoice] : [];
    });
  return {
    large: ofRoles(0, 2),
    disputed: ofRoles(3, 4),
    small: ofRoles(5, 8),
    paused: active.filter((account) => role.get(account.id) === 9).map((account) => account.id),
  };
}

function turn<T>(list: readonly T[], index: number): T | undefined {
  return list.length === 0 ? undefined : list[index % list.length];
}
