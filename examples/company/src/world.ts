/** The example company before it opens: customers, ledger, carriers and shipments, the same for the same seed. */
import { makeCarriers, makeQuotes, makeShipments } from "./world/freight.ts";
import { makeAccounts, makeInvoices, makePayments } from "./world/ledger.ts";
import { createRandom } from "./world/random.ts";
import type { World } from "./world/records.ts";

export { runWorld } from "./world/run.ts";

const DEFAULT_NOW_MS = Date.UTC(2026, 8, 1, 8);

/**
 * Makes the company for `seed`. `nowMs` (epoch milliseconds) is the moment it opens; all dates are counted back from
 * it, so give the current time when the company is to live.
 */
export function createWorld(seed: number, nowMs: number = DEFAULT_NOW_MS): World {
  const random = createRandom(seed);
  const accounts = makeAccounts(random, nowMs);
  const invoices = makeInvoices(random, accounts, nowMs);
  const payments = makePayments(random, invoices, nowMs);
  const quotes = makeQuotes(random);
  const carriers = makeCarriers(random, quotes);
  const shipments = makeShipments(random, quotes, nowMs);
  return { seed, nowMs, accounts, invoices, payments, carriers, quotes, shipments };
}
