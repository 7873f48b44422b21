/** Freshness: every fact an action rests on is young enough, or read again at its source; a changed one refuses. */
import type { FactUsed, GovernedTool, Json, Reason, RestsOn } from "@airworthy/contract";

import type { Context, Observation, ProposedAction } from "../../kernel/action-walk.ts";
import { canonicalJson } from "../../kernel/canonical.ts";
import type { Deps } from "../../kernel/deps.ts";
import { durationMs } from "../../kernel/duration.ts";
import { identifierForm, isIdentifier } from "../../kernel/identifier.ts";
import { readAt } from "../../kernel/read-at.ts";
import { lookUpFact } from "./lookup.ts";
import { outdates, readPushed } from "./pushed.ts";

type Facts = Pick<Context, "facts" | "factDigests" | "cited" | "factsFreshUntil" | "problems">;
type Ports = Pick<Deps, "clock" | "observations" | "connectors" | "options">;
type Grounded = {
  readonly used: FactUsed;
  readonly digest: string;
  readonly cited: string;
  readonly freshUntil: number;
};
type Need = { readonly rule: RestsOn; readonly key: string; readonly maxAgeMs: number };

/** `before`: what must be known before anything is looked up at its source. */
type Of = { readonly tool: GovernedTool; readonly before: Promise<unknown> };

export async function groundFacts(action: ProposedAction, { tool, before }: Of, deps: Ports): Promise<Facts> {
  const rules = tool.definition.rests_on ?? [];
  const answers = await Promise.all(rules.map((rule) => groundFact(action, { rule, before }, deps)));
  const grounded = answers.flatMap((answer) => ("used" in answer ? [answer] : []));
  return {
    facts: grounded.map((g) => g.used),
    factDigests: grounded.map((g) => g.digest),
    cited: grounded.map((g) => g.cited),
    factsFreshUntil: grounded.length > 0 ? Math.min(...grounded.map((g) => g.freshUntil)) : undefined,
    problems: [...answers.flatMap((a) => ("used" in a ? [] : [a])), ...grounded.flatMap((g) => changed(g.used))],
  };
}

type Wanted = { readonly rule: RestsOn; readonly before: Promise<unknown> };

async function groundFact(action: ProposedAction, { rule, before }: Wanted, deps: Ports): Promise<Grounded | Reason> {
  const key = readAt(rule.key, action.arguments);
  if (typeof key !== "number" && (typeof key !== "string" || !isIdentifier(key))) {
    const detail = `${rule.key} must name whose ${rule.fact} this rests on: ${identifierForm}.`;
    return { code: "missing_input", effect: "deny", detail };
  }
  const need = { rule, key: String(key), maxAgeMs: durationMs(rule.maxAge) };
  const believed = await deps.observations.latest(action.tenant, action.agent, { fact: rule.fact, key: need.key });
  const pushed = await readPushed(action, need, deps);
  if (believed && mayUse({ believed, pushed, need }, deps))
    return use(action, { need, observation: believed, how: "agent" }, deps);

  await before;
  const reread = await lookUpFact(action, need, deps);
  if ("effect" in reread) return reread;
  const observation = await newest(action, { pushed, reread }, deps);
  return use(action, { need, observation, how: believed ? "reread" : "lookup", believed }, deps);
}

type Belief = { readonly believed: Observation; readonly pushed: Observation | undefined; readonly need: Need };

/** Young enough, and nothing newer was pushed since. */
function mayUse({ believed, pushed, need }: Belief, { clock, options }: Ports): boolean {
  if (!options.freshness) return true;
  const young = believed.asOf !== undefined && clock.now() - believed.asOf <= need.maxAgeMs;
  return young && !outdates(pushed, believed);
}

/** A look-up may answer from behind what was pushed already; then the pushed value is what is known. */
async function newest(
  action: ProposedAction,
  { pushed, reread }: { readonly pushed: Observation | undefined; readonly reread: Observation },
  { observations }: Ports,
): Promise<Observation> {
  if (!outdates(pushed, reread)) return reread;
  await observations.save(action.tenant, [pushed]);
  return pushed;
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
    ...(observation.sourceVersion === undefined ? {} : { sourceVersion: observation.sourceVersion }),
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
  const [was, now] = [JSON.stringify(used.believed.value), JSON.stringify(used.value)];
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

const same = (a: Json, b: Json): boolean => canonicalJson(a) === canonicalJson(b);
const seconds = (ms: number): string => `${(Math.round(ms / 100) / 10).toLocaleString("en-GB")} s`;
