/** What it means for an effect that it was taken back: it says by which action, and its budgets may be used again. */
import type { RecallLeave } from "@airworthy/contract";

import type { Transaction } from "./database.ts";

type End = { readonly action: string; readonly state: string; readonly recall?: RecallLeave | undefined };

type Back = { readonly action: string; readonly recall: RecallLeave };

/** In the transaction that ends what takes back, so that neither is known without the other. Returns what was taken back. */
export async function settleCompensations(
  tx: Transaction,
  tenant: string,
  ends: readonly End[],
): Promise<readonly Back[]> {
  const back = ends.flatMap(({ action, state, recall }) =>
    state === "done" && recall?.part === "compensate" ? [{ action, recall }] : [],
  );
  if (back.length === 0) return [];
  const rows = await tx.query<{ action: string }>({
    text: `update effects e set compensated_by = r.via from unnest($2::text[], $3::text[]) as r(action, via)
           where e.tenant = $1 and e.action = r.action and e.compensated_by is null returning e.action`,
    values: [tenant, back.map(({ recall }) => recall.recalls), back.map(({ action }) => action)],
  });
  const taken = new Set(rows.map((row) => row.action));
  const done = back.filter(({ recall }) => taken.has(recall.recalls));
  const restored = done.filter(({ recall }) => recall.restoresBudget === true);
  if (restored.length > 0) restoreBudgets(tx, tenant, restored);
  return done;
}

function restoreBudgets(tx: Transaction, tenant: string, restored: readonly Back[]): void {
  tx.write({
    text: `with returned as (
             update reservations set state = 'returned'
             where tenant = $1 and action = any($2) and state = 'spent' returning budget, window_name, minor)
           update budget_windows b set used_minor = used_minor - s.minor
           from (select budget, window_name, sum(minor)::bigint as minor from returned group by 1, 2) s
           where b.tenant = $1 and b.budget = s.budget and b.window_name = s.window_name`,
    values: [tenant, restored.map(({ recall }) => recall.recalls)],
  });
}
