/** What must hold after the fire: looked up in the upstream's own journal and in the database, not asked of the server. */
import { actionTransitions, type ActionStatus } from "@airworthy/contract";

import type { Desk } from "./faults-desk.ts";
import { checkEntities } from "./faults-entities.ts";
import type { Load } from "./faults-load.ts";
import type { DatabaseProcess } from "./faults-process.ts";

export type Finding = { readonly rule: string; readonly detail: string };
export type Findings = { readonly counts: Readonly<Record<string, number>>; readonly faults: readonly Finding[] };

type ActionRow = { id: string; status: ActionStatus; tool: string; ref: string | null };
type EffectRow = { action: string; state: string; idempotency_key: string };
type EntryRow = { action: string; kind: string; at_ms: number; status: string | null };
type Stored = {
  readonly actions: readonly ActionRow[];
  readonly effects: readonly EffectRow[];
  readonly entries: readonly EntryRow[];
};

/** The database's clock and this process's are one machine's; "started" is stamped before its commit. */
const clockSlackMs = 250;

export async function checkOnce(load: Load, desk: Desk, database: DatabaseProcess): Promise<Findings> {
  const stored: Stored = {
    actions: await database.query("select id, status, tool, arguments::json ->> 'ref' as ref from actions"),
    effects: await database.query("select action, state, idempotency_key from effects"),
    entries: await database.query(
      `select action, kind, status, extract(epoch from at)::float8 * 1000 as at_ms from ledger_entries
       where action is not null order by at, chain, seq`,
    ),
  };
  const faults = [
    ...checkAcks(load, stored),
    ...checkOncePerAction(desk, stored),
    ...checkOncePerIntent(load, desk, stored),
    ...checkStarted(desk, stored),
    ...checkEnds(stored),
    ...checkVerdicts(load, stored),
    ...(await checkBudgets(database)),
    ...(await checkEntities(database)),
    ...load.surprises.map((detail) => ({ rule: "answers keep the contract", detail })),
  ];
  const open = load.intents.filter((intent) => intent.end === undefined);
  const ended = (status: string): number => stored.actions.filter((action) => action.status === status).length;
  const counts = {
    intents: load.intents.length,
    "intents unanswered": open.length,
    actions: stored.actions.length,
    "answers acknowledged": load.acks.length,
    "requests repeated": load.repeats(),
    "effects happened": desk.effects.length,
    "write calls arrived": desk.calls.length,
    done: ended("done"),
    failed: ended("failed"),
    refused: ended("refused"),
    unknown: ended("unknown"),
    "settled by recovery": await settledByRecovery(database),
    "acknowledged and lost": of(faults, "acknowledged is kept"),
    "effects twice": of(faults, "once per action id") + of(faults, "once per intent"),
    "effects without a started record": of(faults, "started before effect"),
  };
  return { counts, faults };
}

const of = (faults: readonly Finding[], rule: string): number => faults.filter((one) => one.rule === rule).length;

function checkAcks(load: Load, { actions }: Stored): Finding[] {
  const rule = "acknowledged is kept";
  const byId = new Map(actions.map((action) => [action.id, action]));
  return load.acks.flatMap((ack) => {
    const now = byId.get(ack.id);
    if (!now) return [{ rule, detail: `${ack.id} (${ack.ref}) was answered as ${ack.status} and is gone` }];
    if (now.ref !== ack.ref) return [{ rule, detail: `${ack.id} was answered for ${ack.ref} and is of ${now.ref}` }];
    if (mayBecome(ack.status, now.status)) return [];
    return [{ rule, detail: `${ack.id} (${ack.ref}) was answered as ${ack.status} and is ${now.status}` }];
  });
}

function mayBecome(from: ActionStatus, to: ActionStatus, seen = new Set<ActionStatus>()): boolean {
  if (from === to) return true;
  seen.add(from);
  return actionTransitions[from].some((next) => !seen.has(next) && mayBecome(next, to, seen));
}

/** With a key the journal names the action; the other manners are told apart by what they refer to. */
function checkOncePerAction(desk: Desk, { actions, effects }: Stored): Finding[] {
  const rule = "once per action id";
  const actionOf = new Map(effects.map((effect) => [effect.idempotency_key, effect.action]));
  const keyed = group(desk.effects, (effect) => effect.key);
  const twice = [...keyed].filter(([, list]) => list.length > 1);
  const strange = [...keyed.keys()].filter((key) => !actionOf.has(key));
  const without = desk.calls.filter((call) => call.manner === "pay" && call.key === undefined);
  const callsOf = group(desk.calls, (call) => (call.manner === "pay" ? undefined : call.ref));
  const actionsOf = group(actions, (action) => action.ref ?? undefined);
  // Nothing tells these systems that a call is a repeat, so a second call is as bad as a second effect.
  const called = [...callsOf].filter(([ref, calls]) => calls.length > (actionsOf.get(ref)?.length ?? 0));
  return [
    ...twice.map(([key, list]) => ({ rule, detail: `${actionOf.get(key) ?? key} took effect ${list.length} times` })),
    ...strange.map((key) => ({ rule, detail: `an effect carries the key ${key}, which no action has` })),
    ...without.map((call) => ({ rule, detail: `${call.ref} was called without its key` })),
    ...called.map(([ref, calls]) => ({
      rule,
      detail: `${ref} was called ${calls.length} times, more than its actions`,
    })),
  ];
}

/** An agent that repeats the same call until it hears the end gets one effect, and the answers agree with the journal. */
function checkOncePerIntent(load: Load, desk: Desk, { actions }: Stored): Finding[] {
  const rule = "once per intent";
  const effectsOf = group(desk.effects, (effect) => effect.ref);
  const actionsOf = group(actions, (action) => action.ref ?? undefined);
  return load.intents.flatMap((intent) => {
    const happened = effectsOf.get(intent.ref)?.length ?? 0;
    const mine = actionsOf.get(intent.ref) ?? [];
    const done = mine.filter((action) => action.status === "done").length;
    const unknown = mine.filter((action) => action.status === "unknown").length;
    const said = mine.map((action) => `${action.id} ${action.status}`).join(", ");
    const where = `${intent.ref} (${intent.proposal.tool}): ${happened} effects; ${said}`;
    if (happened > 1) return [{ rule, detail: where }];
    const agrees = done <= happened && happened <= done + unknown;
    return agrees ? [] : [{ rule: "the record tells the truth", detail: where }];
  });
}

function checkStarted(desk: Desk, { actions, effects, entries }: Stored): Finding[] {
  const rule = "started before effect";
  const byKey = new Map(effects.map((effect) => [effect.idempotency_key, effect.action]));
  const byRef = group(actions, (action) => action.ref ?? undefined);
  const started = group(
    entries.filter((entry) => entry.kind === "started"),
    (entry) => entry.action,
  );
  const repeated = [...started].filter(([, list]) => list.length > 1);
  return [
    ...repeated.map(([id, list]) => ({ rule, detail: `${id} was started ${list.length} times` })),
    ...desk.effects.flatMap((effect) => {
      const own = effect.key === undefined ? undefined : byKey.get(effect.key);
      const ids = own === undefined ? (byRef.get(effect.ref) ?? []).map((action) => action.id) : [own];
      const before = ids
        .flatMap((id) => started.get(id) ?? [])
        .some((entry) => entry.at_ms <= effect.at + clockSlackMs);
      return before ? [] : [{ rule, detail: `${effect.ref} took effect with no "started" before it` }];
    }),
  ];
}

function checkEnds({ actions, effects, entries }: Stored): Finding[] {
  const rule = "everything ends";
  const byId = new Map(actions.map((action) => [action.id, action.status]));
  const started = new Set(entries.filter((entry) => entry.kind === "started").map((entry) => entry.action));
  const last = new Map(entries.map((entry) => [entry.action, entry]));
  const finished = group(
    entries.filter((entry) => entry.kind === "finished"),
    (entry) => entry.action,
  );
  return [
    ...actions
      .filter((action) => action.status === "running" || action.status === "waiting")
      .map((action) => ({ rule, detail: `${action.id} (${action.ref}) is still ${action.status}` })),
    ...effects
      .filter((effect) => effect.state !== byId.get(effect.action))
      .map((effect) => ({ rule, detail: `the effect of ${effect.action} is ${effect.state}, the action is not` })),
    ...effects
      .filter((effect) => !started.has(effect.action))
      .map((effect) => ({ rule, detail: `${effect.action} has an effect and no "started" entry` })),
    ...actions
      .filter((action) => last.get(action.id)?.status !== action.status)
      .map((action) => ({ rule, detail: `${action.id} is ${action.status}, its last entry says otherwise` })),
    ...[...finished]
      .filter(([, list]) => list.length > 1)
      .map(([id, list]) => ({ rule, detail: `${id} finished ${list.length} times` })),
  ];
}

function checkVerdicts(load: Load, { actions, effects }: Stored): Finding[] {
  const rule = "a no is a no";
  const touched = new Set(effects.map((effect) => effect.action));
  const byId = new Map(actions.map((action) => [action.id, action.status]));
  return load.verdicts.flatMap(({ action, verdict }) => {
    if (verdict === "approve") return [];
    if (touched.has(action)) return [{ rule, detail: `${action} was declined and started` }];
    return byId.get(action) === "refused"
      ? []
      : [{ rule, detail: `${action} was declined and is ${byId.get(action)}` }];
  });
}

async function checkBudgets(database: DatabaseProcess): Promise<Finding[]> {
  const rule = "budgets add up";
  const windows = await database.query<{ budget: string; used: number; held: number }>(
    `select b.budget, b.used_minor::float8 as used,
            coalesce((select sum(minor) from reservations r where r.tenant = b.tenant and r.budget = b.budget
                      and r.window_name = b.window_name and r.state in ('held', 'spent')), 0)::float8 as held
     from budget_windows b`,
  );
  const wrong = await database.query<{ action: string; state: string; status: string }>(
    `select r.action, r.state, a.status from reservations r join actions a on a.tenant = r.tenant and a.id = r.action
     where r.state <> case a.status when 'done' then 'spent' when 'unknown' then 'held' else 'released' end`,
  );
  return [
    ...windows
      .filter(({ used, held }) => used !== held)
      .map(({ budget, used, held }) => ({ rule, detail: `${budget} says ${used} used; its reservations say ${held}` })),
    ...wrong.map(({ action, state, status }) => ({ rule, detail: `${action} is ${status}, its reservation ${state}` })),
  ];
}

async function settledByRecovery(database: DatabaseProcess): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    "select count(*)::int as count from ledger_bodies where body::json ->> 'by' = 'recovery'",
  );
  return row?.count ?? 0;
}

function group<T, K>(list: readonly T[], keyOf: (item: T) => K | undefined): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of list) {
    const key = keyOf(item);
    if (key === undefined) continue;
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}
