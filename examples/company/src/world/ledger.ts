/** Makes the customers, their invoices and what they paid, with the faults that a real ledger has. */
import type { Account, Invoice, Payment } from "./records.ts";
import type { Random } from "./random.ts";

const DAY_MS = 86_400_000;
const REGIONS = ["DE", "FR", "NL", "IT", "ES", "AT", "PL", "US"] as const;
const OWNERS = ["Ines Vogt", "Piet de Boer", "Marta Alonso", "Jonas Lind", "Chiara Russo", "Amir Haddad"] as const;
const FIRST = ["Nord", "Alpen", "Rhein", "Delta", "Iberia", "Baltic", "Vento", "Corvus", "Lumen", "Orion"] as const;
const MIDDLE = ["stahl", "tex", "frio", "pharm", "glas", "agrar", "plast", "druck", "mobil", "holz"] as const;
const LAST = ["GmbH", "SARL", "B.V.", "S.p.A.", "S.L.", "AG", "Sp. z o.o.", "Inc."] as const;

export function makeAccounts(random: Random, nowMs: number): Account[] {
  return Array.from({ length: 500 }, (_, index): Account => {
    const region = random.int(0, REGIONS.length - 1);
    const stem = `${random.pick(FIRST)}${random.pick(MIDDLE)}`;
    const draw = random.next();
    return {
      id: `acc-${String(index + 1).padStart(4, "0")}`,
      name: `${stem} ${LAST[region] ?? "AG"}`,
      status: draw < 0.85 ? "active" : draw < 0.91 ? "on_hold" : draw < 0.96 ? "disputed" : "closed",
      owner: random.pick(OWNERS),
      region: REGIONS[region] ?? "DE",
      creditTier: random.pick(["A", "A", "B", "B", "B", "C"]),
      notificationEmail: `ledger+${index + 1}@${stem.toLowerCase()}.example`,
      updatedAt: new Date(nowMs - random.int(1, 400) * DAY_MS).toISOString(),
    };
  });
}

export function makeInvoices(random: Random, accounts: readonly Account[], nowMs: number): Invoice[] {
  return Array.from({ length: 4_000 }, (_, index): Invoice => {
    const account = random.pick(accounts);
    const ageDays = random.int(1, 360);
    const open = random.chance(ageDays < 45 ? 0.7 : 0.12);
    const issuedMs = nowMs - ageDays * DAY_MS;
    return {
      id: `inv-${1001 + index}`,
      accountId: account.id,
      // Log-uniform from 15.00 to 4,000.00: many small invoices, a long tail.
      amountMinor: Math.round(Math.exp(Math.log(1_500) + random.next() * Math.log(400_000 / 1_500))),
      currency: makeCurrency(random, account.region),
      issuedAt: new Date(issuedMs).toISOString(),
      dueAt: new Date(issuedMs + 30 * DAY_MS).toISOString(),
      status: open ? (ageDays > 30 ? "overdue" : "open") : random.chance(0.01) ? "void" : "paid",
      poNumber: random.chance(0.18) ? null : `PO-${random.int(10_000, 99_999)}`,
    };
  });
}

function makeCurrency(random: Random, region: string): string {
  if (random.chance(0.01)) return random.pick(["eur", "XXX", region === "US" ? "EUR" : "USD"]);
  return region === "US" ? "USD" : "EUR";
}

/** Payments of all paid invoices: in time and late, in halves, twice, and some for invoices that nobody knows. */
export function makePayments(random: Random, invoices: readonly Invoice[], nowMs: number): Payment[] {
  const payments: Payment[] = [];
  const add = (payment: Omit<Payment, "id">): void => {
    payments.push({ id: `pay-${50_001 + payments.length}`, ...payment });
  };
  for (const invoice of invoices) {
    if (invoice.status !== "paid") continue;
    const issuedMs = Date.parse(invoice.issuedAt);
    const lastMs = nowMs - 3_600_000;
    const receivedMs = Math.min(issuedMs + random.int(4, random.chance(0.15) ? 80 : 30) * DAY_MS, lastMs);
    const paid = { invoiceId: invoice.id, receivedAt: new Date(receivedMs).toISOString() };
    const reference = referenceOf(invoice);
    if (invoice.amountMinor % 2 === 0 && random.chance(0.03)) {
      const half = { ...paid, amountMinor: invoice.amountMinor / 2 };
      add({ ...half, reference: `${reference} 1/2` });
      add({ ...half, reference: `${reference} 2/2` });
      continue;
    }
    add({ ...paid, amountMinor: invoice.amountMinor, reference });
    if (random.chance(0.012)) {
      const againMs = Math.min(receivedMs + random.int(1, 72) * 3_600_000, nowMs - 60_000);
      const typed = random.chance(0.2) ? reference.replace("INV", "RE") : reference;
      const again = { invoiceId: invoice.id, receivedAt: new Date(againMs).toISOString() };
      add({ ...again, amountMinor: invoice.amountMinor, reference: typed });
    }
  }
  for (let orphan = 0; orphan < 6; orphan += 1) {
    const receivedAt = new Date(nowMs - random.int(2, 200) * DAY_MS).toISOString();
    add({ invoiceId: `inv-${9_001 + orphan}`, amountMinor: random.int(2_000, 90_000), receivedAt, reference: "?" });
  }
  return payments;
}

/** What a customer writes on the transfer. */
export function referenceOf(invoice: Invoice): string {
  const number = invoice.id.replace("inv-", "INV ");
  return invoice.poNumber === null ? number : `${number} / ${invoice.poNumber}`;
}
