/** Effects and the budget they hold: settled once, by the effect's own terminal transition. */
import type { Queryable } from "./database.ts";

/** `entity`: the business object it was on, which others may write again now. */
export type EffectEnd = { readonly action: string; readonly state: string; readonly entity: string | undefined };

/**
 * Moves started (or unknown) effects to their end and settles what they hold: done spends, failed releases, unknown keeps
 * its hold. Time never releases anything. An effect that has ended already is left as it is.
 */
export async function settleEffects(tx: Queryable, tenant: string, ends: readonly EffectEnd[]): Promise<void> {
  const settled = ends.filter(({ state }) => state === "done" || state === "failed" || state === "unknown");
  if (settled.length === 0) return;
  await Promise.all([releaseEntities(tx, tenant, settled), moveEffects(tx, tenant, settled)]);
}

async function moveEffects(tx: Queryable, tenant: string, settled: readonly EffectEnd[]): Promise<void> {
  await tx.query({
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

/** What was read of the object while the effect was under way may be of before it: so the version rises once more. */
async function releaseEntities(tx: Queryable, tenant: string, ends: readonly EffectEnd[]): Promise<void> {
  const held = ends.flatMap(({ action, entity }) => (entity === undefined ? [] : [{ action, entity }]));
  if (held.length === 0) return;
  await tx.query({
    name: "release-entities",
    text: `update entities e set version = version + 1, holder = null
           from unnest($2::text[], $3::text[]) as r(entity, action)
           where e.tenant = $1 and e.entity = r.entity and e.holder = r.action`,
    values: [tenant, held.map((one) => one.entity), held.map((one) => one.action)],
  });
}
