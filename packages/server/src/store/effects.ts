/** Effects and the budget they hold: settled once, by the effect's own terminal transition. */
import type { RecallLeave } from "@airworthy/contract";

import { keyOf } from "../kernel/action-keys.ts";
import type { Transaction } from "./database.ts";
import type { EntityLocks } from "./entity-locks.ts";
import { settleCompensations } from "./settle-compensations.ts";

/** `entities`: the business objects it was on, which others may write again now. `recall`: the action that it took back. */
export type EffectEnd = {
  readonly action: string;
  readonly state: string;
  readonly entities: readonly string[];
  readonly recall?: RecallLeave | undefined;
};

/**
 * Moves started (or unknown) effects to their end and settles what they hold: done spends, failed releases, unknown keeps
 * its hold. Time never releases anything. An effect that has ended already is left as it is.
 */
export async function settleEffects(
  tx: Transaction,
  tenant: string,
  { ends, entities }: { readonly ends: readonly EffectEnd[]; readonly entities: EntityLocks },
): Promise<void> {
  const settled = ends.filter(({ state }) => isSettled(state));
  if (settled.length === 0) return;
  for (const { action, state, entities: keys } of settled)
    for (const key of keys) if (isSettled(state)) entities.end(key, action, state);
  moveEffects(tx, tenant, settled);
  for (const { recall, action } of await settleCompensations(tx, tenant, settled)) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other on one connection
    for (const entity of recall.entities) await entities.takeBack(keyOf(entity), recall.recalls, action);
  }
}

function moveEffects(tx: Transaction, tenant: string, settled: readonly EffectEnd[]): void {
  tx.write({
    name: "settle-effects",
    text: `with moved as (
             update effects e set state = r.state, ended_at = clock_timestamp()
             from unnest($2::text[], $3::text[]) as r(action, state)
             where e.tenant = $1 and e.action = r.action and e.state in ('started', 'unknown')
             returning e.action, e.state),
           settled as (
             update reservations v set state = case m.state when 'done' then 'spent' else 'released' end
             from moved m
             where v.tenant = $1 and v.action = m.action and v.state = 'held' and m.state in ('done', 'failed')
             returning v.budget, v.window_name, v.minor, v.state)
           update budget_windows b set used_minor = used_minor - s.minor
           from (select budget, window_name, sum(minor)::bigint as minor from settled where state = 'released' group by 1, 2) s
           where b.tenant = $1 and b.budget = s.budget and b.window_name = s.window_name`,
    values: [tenant, settled.map((end) => end.action), settled.map((end) => end.state)],
  });
}

type Settled = "done" | "failed" | "unknown";
export const isSettled = (state: string): state is Settled =>
  state === "done" || state === "failed" || state === "unknown";
