/** The name of the window of time that a budget counts in, by UTC. */
import type { BudgetDocument } from "@airworthy/contract";

const digits: Record<BudgetDocument["per"], number> = { month: 7, day: 10, hour: 13 };

/** `2026-11`, `2026-11-21` or `2026-11-21T09`; `nowMs` is database time in epoch milliseconds. */
export function budgetWindow(per: BudgetDocument["per"], nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, digits[per]);
}
