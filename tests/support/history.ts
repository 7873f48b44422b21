/** Random histories whose every reliance is known to whoever made them: actions of agents over records of sources. */
import type { ActionId, ObservationId, RelianceMatch } from "@airworthy/contract";

import { newId } from "../../packages/server/src/kernel/ids.ts";
import { createRandomStream, type RandomStream } from "../../packages/server/src/kernel/stats/random-stream.ts";

/** What a read, or a look-up for an action, saw of a fact. `writer` is the truth: whose effect had left it so. */
export type Seen = {
  readonly id: ObservationId;
  readonly reader: ActionId;
  readonly fact: string;
  readonly key: string;
  readonly value: number;
  readonly version?: string;
  readonly asOf?: number;
  readonly fetchedAt: number;
  readonly source: string;
  readonly batch?: string;
  readonly document?: string;
  readonly path: string;
  readonly item: string;
  readonly writer: ActionId | undefined;
};

/** A citation. `seen`: the very sight that is meant; absent where it is another value of the answer. */
export type Cited = {
  readonly from: ActionId;
  readonly match: Exclude<RelianceMatch, "version" | "value">;
  readonly seen: Seen | undefined;
  readonly via: ObservationId;
  readonly path: string;
};

export type Left = { readonly fact: string; readonly key: string; readonly value: number; readonly version?: string };

export type HistoryAction = {
  readonly id: ActionId;
  readonly agent: string;
  /** Which document the agent had then: its version, model and prompt follow from it. */
  readonly edition: number;
  readonly tool: string;
  readonly effect: "read" | "write";
  readonly policies: readonly number[];
  readonly run: string;
  readonly approver: string | undefined;
  readonly status: "done" | "failed" | "unknown" | "refused";
  readonly saw: readonly Seen[];
  readonly lookedUp: readonly Seen[];
  readonly cites: readonly Cited[];
  readonly left: Left | undefined;
};

/** How the record of each fact behaves: see the field comments. */
const facts = [
  // Versions on both sides; few values, so that only the version tells one effect from another.
  { name: "h.state", versions: "both", few: true, stale: false, foreign: true },
  // No versions; every value once; sources may answer with how it was some steps ago.
  { name: "h.note", versions: "none", few: false, stale: true, foreign: true },
  // No versions and few values: only the time tells which effect is seen.
  { name: "h.flag", versions: "none", few: true, stale: false, foreign: false },
  // Reads have versions and writes do not.
  { name: "h.rate", versions: "read", few: false, stale: false, foreign: true },
] as const;
type Fact = (typeof facts)[number];
const factOf = (name: string): Fact => facts.find((fact) => fact.name === name) ?? facts[0];

type State = { readonly value: number; readonly version: number; readonly writer: ActionId | undefined };

const keyCount = 30;
const agentCount = 7;
const memory = 25;

export const agentName = (at: number): string => `agent-${at}`;
export const readTools = ["h.list", "h.get"] as const;
export const writeTools = ["h.set", "h.put", "h.send", "h.wipe"] as const;
export const policyCount = 6;
export const people = ["ann", "ben", "cleo"] as const;

/** Deals a history step by step: everything in a step happens at once, and everything of a step before the next one. */
export function createHistory(seed: number) {
  const random = createRandomStream(seed);
  const pick = <T>(list: readonly T[]): T => {
    const one = list[Math.floor(random() * list.length)];
    if (one === undefined) throw new Error("nothing to pick from");
    return one;
  };
  const chance = (share: number): boolean => random() < share;
  const states: Map<string, State>[] = [new Map()];
  const times: number[] = [];
  const remembered = new Map<string, { readonly act: ActionId; readonly saw: readonly Seen[] }[]>();
  let serial = 1000;
  const fresh = (): number => (serial += 1);

  const stateAt = (step: number, fact: Fact, key: string): State =>
    states[step]?.get(`${fact.name} ${key}`) ?? { value: 0, version: 1, writer: undefined };

  function see(reader: ActionId, at: { fact: Fact; key: string; place: number; step: number }): Seen {
    const { fact, key, place, step } = at;
    const back = fact.stale && chance(0.3) ? Math.min(step, 1 + Math.floor(random() * 5)) : 0;
    const state = stateAt(step - back, fact, key);
    const fetchedAt = times[step] ?? 0;
    const asOf = back > 0 || chance(0.5) ? times[step - back] : undefined;
    return {
      id: newId("obs"),
      reader,
      fact: fact.name,
      key,
      value: state.value,
      ...(fact.versions === "none" ? {} : { version: String(state.version) }),
      ...(asOf === undefined ? {} : { asOf }),
      fetchedAt,
      source: pick(readTools),
      ...(chance(0.3) ? { batch: `batch-${Math.floor(step / 4)}-${Math.floor(random() * 3)}` } : {}),
      ...(chance(0.1) ? { document: documentOf(Math.floor(random() * 40)) } : {}),
      path: `$.rows[${place}].value`,
      item: `$.rows[${place}]`,
      writer: state.writer,
    };
  }

  function cite(agent: string): Cited[] {
    const reads = remembered.get(agent) ?? [];
    if (reads.length === 0) return [];
    return Array.from({ length: Math.floor(random() * 3) }, (): Cited => {
      const { act: from, saw } = pick(reads);
      const seen = pick(saw);
      const match = pick(["fact", "exact", "normalised", "substring", "member", "computed"] as const);
      const byFact = match === "fact" || match === "exact";
      // Of a value match the answer is known and not the fact; sometimes it is another field of the record.
      if (byFact) return { from, match, seen, via: seen.id, path: seen.path };
      const other = chance(0.3);
      const path = other ? `${seen.item}.id` : seen.path;
      return { from, match, seen: other ? undefined : seen, via: newId("obs"), path };
    });
  }

  function makeRead(step: number): HistoryAction {
    const id = newId("act");
    const agent = agentName(Math.floor(random() * agentCount));
    const places = Array.from({ length: 1 + Math.floor(random() * 6) }, (_, place) => place);
    const failed = chance(0.03);
    const wanted = places.map((place) => ({
      fact: pick(facts),
      key: `k${Math.floor(random() * keyCount)}`,
      place,
      step,
    }));
    return {
      ...common(id, agent, random),
      tool: pick(readTools),
      effect: "read",
      approver: undefined,
      status: failed ? "failed" : "done",
      saw: failed ? [] : wanted.map((at) => see(id, at)),
      lookedUp: [],
      // A read whose arguments are traced.
      cites: chance(0.1) ? cite(agent).filter(({ match }) => match !== "fact") : [],
      left: undefined,
    };
  }

  function makeWrite(step: number, taken: Set<string>): HistoryAction {
    const id = newId("act");
    const agent = agentName(Math.floor(random() * agentCount));
    const fact = pick(facts);
    const key = `k${Math.floor(random() * keyCount)}`;
    const slot = `${fact.name} ${key}`;
    const draw = random();
    // Where few values are written, one whose end is unknown could not be told from another.
    const status = draw < 0.05 ? "failed" : draw < 0.08 && !fact.few ? "unknown" : draw < 0.12 ? "refused" : "done";
    const writes = chance(0.7) && !taken.has(slot);
    if (writes) taken.add(slot);
    const before = stateAt(step, fact, key);
    const left: Left | undefined = writes
      ? {
          fact: fact.name,
          key,
          value: fact.few ? Math.floor(random() * 3) : fresh(),
          ...(fact.versions === "both" && status === "done" ? { version: String(before.version + 1) } : {}),
        }
      : undefined;
    const lookedUp = chance(0.3)
      ? [see(id, { fact: pick(facts), key: `k${Math.floor(random() * keyCount)}`, place: 0, step })]
      : [];
    return {
      ...common(id, agent, random),
      tool: pick(writeTools),
      effect: "write",
      approver: status === "done" && chance(0.03) ? pick(people) : undefined,
      status,
      saw: [],
      lookedUp,
      cites: cite(agent),
      left,
    };
  }

  /** `now` is when the step's reads are answered: after every end of the step before, before any start of this one. */
  function nextStep(size: number, now: number): HistoryAction[] {
    const step = times.length;
    times.push(now);
    const taken = new Set<string>();
    const actions = Array.from({ length: size }, () => (chance(0.45) ? makeRead(step) : makeWrite(step, taken)));
    const after = new Map(states[step]);
    // People change records too, and nobody can see in a value who wrote it.
    for (const fact of facts.filter(({ foreign }) => foreign)) {
      const slot = `${fact.name} k${Math.floor(random() * keyCount)}`;
      if (taken.has(slot)) continue;
      const { version } = after.get(slot) ?? { version: 1 };
      after.set(slot, { value: fact.few ? 1 : fresh(), version: version + 1, writer: undefined });
    }
    for (const { id, left, status } of actions) {
      const happened = status === "done" || (status === "unknown" && chance(0.5));
      if (!left || !happened) continue;
      const { version } = stateAt(step, factOf(left.fact), left.key);
      after.set(`${left.fact} ${left.key}`, { value: left.value, version: version + 1, writer: id });
    }
    states.push(after);
    for (const { id, agent, saw } of actions) {
      if (saw.length === 0) continue;
      remembered.set(agent, [...(remembered.get(agent) ?? []), { act: id, saw }].slice(-memory));
    }
    return actions;
  }
  return { nextStep, times: times as readonly number[] };
}

function common(id: ActionId, agent: string, random: RandomStream) {
  return {
    id,
    agent,
    edition: Math.floor(random() * 3),
    policies: [...new Set([Math.floor(random() * policyCount), Math.floor(random() * policyCount)])],
    run: `run-${Math.floor(random() * 300)}`,
  };
}

export const documentOf = (at: number): string => at.toString(16).padStart(64, "0");
