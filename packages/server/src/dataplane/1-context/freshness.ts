/** Freshness: every fact an action rests on is young enough, or read again at its source; a changed one refuses. */
import type { FactUsed, GovernedTool, Json, Reason, RestsOn } from "@airworthy/contract";

import type { Context, Observation, ProposedAction, PushableFact } from "../../kernel/action-walk.ts";
import { canonicalJson } from "../../kernel/canonical.ts";
import { defined } from "../../kernel/defined.ts";
import type { Deps } from "../../kernel/deps.ts";
import { isJsonObject } from "../../kernel/json.ts";
import { dependenciesOf } from "../../kernel/reference.ts";
import { skewMsOf } from "../../kernel/yields.ts";
import { type Asked, lookUpFact } from "./lookup.ts";
import { type Need, needsOf } from "./needs.ts";
import { contradicts, mayBePushed, outdates, readPushed } from "./pushed.ts";

const shownMax = 200;

type Facts = Pick<Context, "facts" | "factDigests" | "cited" | "factsFreshUntil" | "pushable" | "problems">;
type Ports = Pick<Deps, "clock" | "observations" | "connectors" | "data" | "options">;
type Grounded = {
  readonly used: FactUsed;
  readonly digest: string;
  readonly cited: string;
  readonly freshUntil: number;
  readonly pushable: PushableFact | undefined;
};
type Known = Readonly<Record<string, Json>>;

/** `before`: what must be known before anything is looked up. `afresh`: look all up, whatever the agent has read. */
type Of = { readonly tool: GovernedTool; readonly before: Promise<unknown>; readonly afresh?: boolean };

/** `known`: the facts by name; of a rule with `each`, from key to value. */
export type Grounds = Facts & { readonly known: Known };

export async function groundFacts(
  action: ProposedAction,
  { tool, before, afresh = false }: Of,
  deps: Ports,
): Promise<Grounds> {
  const round: Round = { before, afresh, asked: new Map(), claimed: new Set(), known: {} };
  const answers: (readonly (Grounded | Reason)[])[] = [];
  let open = [...(tool.definition.rests_on ?? []).entries()];
  while (open.length > 0) {
    const waitsFor = new Set(open.map(([, rule]) => rule.fact));
    const ready = open.filter(([, rule]) => !dependenciesOf(rule).some((fact) => waitsFor.has(fact)));
    if (ready.length === 0) {
      answers.push(open.map(([, { fact }]) => unknowable(fact)));
      break;
    }
    const found = await Promise.all(ready.map(([, rule]) => groundRule(action, { rule, round }, deps)));
    for (const [at, [position, { fact, each }]] of ready.entries()) {
      const answer = (answers[position] = found[at] ?? []);
      learn(round.known, { fact, isMap: each !== undefined, answer });
    }
    open = open.filter((one) => !ready.includes(one));
  }
  return { ...gather(answers.flat()), known: round.known };
}

type Round = {
  readonly before: Promise<unknown>;
  readonly afresh: boolean;
  readonly asked: Asked;
  readonly claimed: Set<string>;
  readonly known: Record<string, Json>;
};

function gather(answers: readonly (Grounded | Reason)[]): Facts {
  const grounded = answers.flatMap((answer) => ("used" in answer ? [answer] : []));
  return {
    facts: grounded.map((g) => g.used),
    factDigests: grounded.map((g) => g.digest),
    cited: grounded.map((g) => g.cited),
    factsFreshUntil: grounded.length > 0 ? Math.min(...grounded.map((g) => g.freshUntil)) : undefined,
    pushable: grounded.flatMap((g) => g.pushable ?? []),
    problems: [...answers.flatMap((a) => ("used" in a ? [] : [a])), ...grounded.flatMap((g) => changed(g.used))],
  };
}

type Lesson = { readonly fact: string; readonly isMap: boolean; readonly answer: readonly (Grounded | Reason)[] };

function learn(known: Record<string, Json>, { fact, isMap, answer }: Lesson): void {
  const used = answer.flatMap((one) => ("used" in one ? [one.used] : []));
  const [only] = used;
  const before = known[fact];
  if (isMap) {
    const more = Object.fromEntries(used.map(({ key, value }) => [key, value]));
    known[fact] = { ...(isJsonObject(before) ? before : {}), ...more };
  } else if (only) known[fact] = only.value;
}

async function groundRule(
  action: ProposedAction,
  { rule, round }: { readonly rule: RestsOn; readonly round: Round },
  deps: Ports,
): Promise<readonly (Grounded | Reason)[]> {
  // What this would read could not be known itself, and that refuses already.
  if (dependenciesOf(rule).some((fact) => !Object.hasOwn(round.known, fact))) return [];
  const needs = needsOf(rule, { arguments: action.arguments, facts: round.known });
  if ("effect" in needs) return [needs];
  const unclaimed = needs.filter((need) => claim(round.claimed, need));
  return Promise.all(unclaimed.map((need) => groundFact(action, { need, round }, deps)));
}

/** Whether no other rule brings this very fact in the same way already. */
function claim(claimed: Set<string>, { rule, key }: Need): boolean {
  const what = canonicalJson([rule.fact, key, rule.maxAge, rule.lookup.always === true]);
  const isNew = !claimed.has(what);
  claimed.add(what);
  return isNew;
}

type Wanted = { readonly need: Need; readonly round: Round };

async function groundFact(action: ProposedAction, { need, round }: Wanted, deps: Ports): Promise<Grounded | Reason> {
  const { rule, key } = need;
  const always = round.afresh || rule.lookup.always === true;
  const believed = always
    ? undefined
    : await deps.observations.latest(action.tenant, action.agent, { fact: rule.fact, key });
  const limited = isLimited(action, rule);
  const pushed = await readPushed(action, need, deps);
  if (believed && !limited && mayUse(action, { believed, pushed, need }, deps))
    return useBelieved(action, { need, observation: believed, how: "agent" }, deps);

  await round.before;
  const reread = await lookUpFact(action, { need, asked: round.asked }, deps);
  if ("effect" in reread) return reread;
  const observation = await newest(action, { pushed, reread }, deps);
  const lie = contradicts(pushed, observation)
    ? contradictedByPush(observation, pushed)
    : await contradicted(action, observation, deps);
  if (lie) return lie;
  return use(action, { need, observation, how: believed ? "reread" : "lookup", believed }, deps);
}

async function useBelieved(action: ProposedAction, used: Use, deps: Ports): Promise<Grounded | Reason> {
  return (await contradicted(action, used.observation, deps)) ?? use(action, used, deps);
}

/** What is limited to a person may have been read, or pushed, for another one: it is looked up for this one. */
function isLimited({ view }: ProposedAction, { lookup }: RestsOn): boolean {
  return view.snapshot.tools[lookup.tool]?.definition.rows !== undefined;
}

type Belief = { readonly believed: Observation; readonly pushed: Observation | undefined; readonly need: Need };

/** Young enough, and nothing newer was pushed since. */
function mayUse({ walk }: ProposedAction, { believed, pushed, need }: Belief, { clock, options }: Ports): boolean {
  if (!options.freshness) return true;
  // People take their time: what waited for them is looked at again, however young the agent's read still is.
  if (walk > 1 || believed.asOf === undefined) return false;
  return clock.now() - believed.asOf <= need.maxAgeMs && !outdates(pushed, believed);
}

/** A look-up may answer from behind what was pushed already; then the pushed value is what is known. */
async function newest(
  action: ProposedAction,
  { pushed, reread }: { readonly pushed: Observation | undefined; readonly reread: Observation },
  { observations }: Ports,
): Promise<Observation> {
  if (!outdates(pushed, reread) || contradicts(pushed, reread)) return reread;
  await observations.save(action.tenant, [pushed]);
  return pushed;
}

/** A source that has said something later before, or something else of the same moment, is not believed, however young. */
async function contradicted(
  action: ProposedAction,
  observation: Observation,
  deps: Ports,
): Promise<Reason | undefined> {
  if (!deps.options.freshness) return undefined;
  const { source, fact, key } = observation;
  const rule = action.view.snapshot.tools[source]?.definition.yields?.find((one) => one.fact === fact);
  const toleranceMs = skewMsOf(rule ?? {});
  const before = await deps.observations.contradiction(action.tenant, observation, toleranceMs);
  if (!before) return undefined;
  const at = { now: timeText(observation.asOf ?? observation.fetchedAt), before: timeText(before.asOf) };
  const why = {
    older: `says that it is as of ${at.now}, and had answered as of ${at.before} before`,
    same_moment: `gives another value as of ${at.now} than the one it had given as of ${at.before}`,
    version: `gives version ${observation.sourceVersion} as of ${at.now}, and had given version ${before.version} as of ${at.before}`,
  }[before.kind];
  return {
    code: "fact_contradicted",
    effect: "deny",
    detail: `${fact} of ${key} cannot be relied on: ${source} ${why}. Nothing was done; read it again later.`,
    fact: { name: fact, key },
  };
}

function contradictedByPush({ source, fact, key, asOf, fetchedAt }: Observation, pushed: Observation): Reason {
  const at = timeText(asOf ?? fetchedAt);
  return {
    code: "fact_contradicted",
    effect: "deny",
    detail: `${fact} of ${key} cannot be relied on: as of ${at}, ${source} says one thing, and ${pushed.source} has pushed another. Nothing was done; read it again later.`,
    fact: { name: fact, key },
  };
}

type Use = {
  readonly need: Need;
  readonly observation: Observation;
  readonly how: FactUsed["how"];
  readonly believed?: Observation | undefined;
};

async function use(
  action: ProposedAction,
  { need, observation, how, believed }: Use,
  deps: Ports,
): Promise<Grounded | Reason> {
  const asOf = observation.asOf ?? observation.fetchedAt;
  const ageMs = Math.max(0, Math.round(deps.clock.now() - asOf));
  const tooOld = deps.options.freshness && ageMs > need.maxAgeMs;
  if (tooOld) return stale(need, { ageMs, source: observation.source });
  const used: FactUsed = {
    fact: observation.fact,
    key: observation.key,
    value: observation.value,
    observation: observation.id,
    source: observation.source,
    ...defined({
      sourceVersion: observation.sourceVersion,
      batch: observation.batch,
      document: observation.document,
    }),
    asOf: new Date(asOf).toISOString(),
    fetchedAt: new Date(observation.fetchedAt).toISOString(),
    ageMs,
    maxAgeMs: need.maxAgeMs,
    how,
    ...(observation.readBy ? { readBy: observation.readBy } : {}),
    ...(believed ? { believed: belief(believed) } : {}),
  };
  return {
    used,
    digest: observation.valueDigest,
    cited: await deps.observations.digest(action.tenant, [observation.fact, observation.key]),
    pushable: mayBePushed(action, need.rule, deps)
      ? {
          fact: observation.fact,
          key: observation.key,
          value: observation.value,
          asOf,
          isStated: asOf !== observation.fetchedAt,
        }
      : undefined,
    freshUntil: deps.options.freshness ? asOf + need.maxAgeMs : Number.MAX_SAFE_INTEGER,
  };
}

function belief(believed: Observation): NonNullable<FactUsed["believed"]> {
  return {
    value: believed.value,
    asOf: new Date(believed.asOf ?? believed.fetchedAt).toISOString(),
    observation: believed.id,
    source: believed.source,
  };
}

/** The agent believed one thing and the source says another: it must think again, with both values before it. */
function changed(used: FactUsed): Reason[] {
  if (!used.believed || same(used.believed.value, used.value)) return [];
  const believedAgeMs = Date.parse(used.fetchedAt) - Date.parse(used.believed.asOf);
  const [was, now] = [show(used.believed.value), show(used.value)];
  return [
    {
      code: "fact_changed",
      effect: "deny",
      detail:
        `${used.fact} of ${used.key} changed from ${was} to ${now} since you read it: your value was ` +
        `${seconds(believedAgeMs)} old, the limit is ${seconds(used.maxAgeMs)}. Read it again and decide again.`,
      fact: {
        name: used.fact,
        key: used.key,
        was: used.believed.value,
        now: used.value,
        ageMs: believedAgeMs,
        maxAgeMs: used.maxAgeMs,
      },
    },
  ];
}

function stale(need: Need, at: { ageMs: number; source: string }): Reason {
  const { fact } = need.rule;
  return {
    code: "fact_stale",
    effect: "deny",
    detail: `${fact} of ${need.key} is ${seconds(at.ageMs)} old even at ${at.source}; the limit is ${seconds(need.maxAgeMs)}.`,
    fact: { name: fact, key: need.key, ageMs: at.ageMs, maxAgeMs: need.maxAgeMs },
  };
}

const timeText = (ms: number): string => new Date(ms).toISOString();
/** Unreadable by a mistake in the configuration, which `check` would have found. */
function unknowable(fact: string): Reason {
  const detail = `${fact} rests on a fact that rests on it: nothing was looked up and nothing was done.`;
  return { code: "fact_unavailable", effect: "deny", detail };
}

/** A record may be long; the whole values stand beside the sentence. */
function show(value: Json): string {
  const text = JSON.stringify(value);
  return text.length <= shownMax ? text : `${text.slice(0, shownMax)}…`;
}

const same = (a: Json, b: Json): boolean => canonicalJson(a) === canonicalJson(b);
const seconds = (ms: number): string => `${(Math.round(ms / 100) / 10).toLocaleString("en-GB")} s`;
