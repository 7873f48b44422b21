/** The closure of a history by its own truth: a plain graph, walked breadth first. Knows nothing of the product. */
import type { RecallSelector } from "@airworthy/contract";

import type { HistoryAction, Seen } from "./history.ts";

export type Truth = {
  readonly actions: readonly HistoryAction[];
  /** When each ended, epoch ms by the database: nobody else knows. */
  readonly endedAt: ReadonlyMap<string, number>;
  readonly versions: {
    readonly agent: (agent: string, edition: number) => string;
    readonly model: (edition: number) => string;
    readonly prompt: (edition: number) => string;
    readonly tool: (tool: string) => string;
    readonly policy: (at: number) => string;
  };
};

/** `relies on`, turned round: from an action to those that relied on it, each with how. */
type Graph = ReadonlyMap<string, readonly { readonly to: string; readonly how: string }[]>;

/** Every reason as `who ← whom how`, and everyone who is in it. */
export type Expected = { readonly members: ReadonlySet<string>; readonly reasons: ReadonlySet<string> };

export function createOracle(truth: Truth): (selector: RecallSelector) => Expected {
  const graph = drawGraph(truth);
  return (selector) => {
    const seeds = seedsOf(selector, truth);
    const members = new Set(seeds);
    const reasons = new Set<string>();
    const queue = [...members];
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      for (const { to, how } of graph.get(one) ?? []) {
        reasons.add(`${to} <- ${one} ${how}`);
        if (members.has(to)) continue;
        members.add(to);
        queue.push(to);
      }
    }
    return { members, reasons };
  };
}

function drawGraph({ actions }: Truth): Graph {
  const byId = new Map(actions.map((action) => [action.id as string, action]));
  const graph = new Map<string, { to: string; how: string }[]>();
  const draw = (from: string, to: string, how: string): void => {
    graph.set(from, [...(graph.get(from) ?? []), { to, how }]);
  };
  for (const action of actions) {
    for (const { from, match, seen } of action.cites) {
      draw(from, action.id, match);
      if (seen) drawWriter(seen, action.id);
    }
    for (const seen of action.lookedUp) drawWriter(seen, action.id);
  }
  return graph;

  function drawWriter(seen: Seen, to: string): void {
    const writer = seen.writer === undefined ? undefined : byId.get(seen.writer);
    if (!writer?.left) return;
    const byVersion = seen.version !== undefined && writer.left.version !== undefined;
    draw(writer.id, to, byVersion ? "version" : "value");
  }
}

/** Whom the selector names: those who did it so, or those who used what it names. */
function seedsOf(selector: RecallSelector, truth: Truth): string[] {
  const { actions, endedAt, versions } = truth;
  const named = (fits: (action: HistoryAction) => boolean): string[] =>
    actions
      .filter((action) => fits(action) && isIn(endedAt.get(action.id) ?? 0, windowOf(selector)))
      .map(({ id }) => id);
  switch (selector.from) {
    case "fact":
    case "batch":
    case "document":
      return actions.filter((action) => usesWhat(selector, action, truth)).map(({ id }) => id);
    case "agent":
      return named(
        ({ agent, edition }) =>
          agent === selector.agent &&
          (selector.version === undefined || versions.agent(agent, edition) === selector.version),
      );
    case "model":
      return named(({ edition }) => versions.model(edition) === selector.model);
    case "prompt":
      return named(({ edition }) => versions.prompt(edition) === selector.digest);
    case "policy":
      return named(({ policies }) =>
        policies.some(
          (at) =>
            `policy-${at}` === selector.policy &&
            (selector.version === undefined || versions.policy(at) === selector.version),
        ),
      );
    case "tool":
      return named(
        ({ tool }) =>
          tool === selector.tool && (selector.version === undefined || versions.tool(tool) === selector.version),
      );
    case "approver":
      return named(({ approver }) => approver === selector.approver);
    case "run":
      return named(({ run, agent }) => run === selector.run && (selector.agent ?? agent) === agent);
    case "action":
      return named(({ id }) => id === selector.action);
    case "time":
      return named(() => true);
  }
}

type What = Extract<RecallSelector, { from: "fact" | "batch" | "document" }>;

function usesWhat(selector: What, { cites, lookedUp }: HistoryAction, { actions }: Truth): boolean {
  const isMeant = (seen: Seen): boolean => isSelected(selector, seen);
  if (lookedUp.some(isMeant)) return true;
  return cites.some(({ from, seen, path }) => {
    if (seen) return isMeant(seen);
    // Another field of a record: of the delivery or the document, but not of the fact.
    if (selector.from === "fact") return false;
    const record = sightsOf(actions)
      .get(from)
      ?.find(({ item }) => path.startsWith(`${item}.`));
    return record !== undefined && isMeant(record);
  });
}

const sights = new WeakMap<readonly HistoryAction[], ReadonlyMap<string, readonly Seen[]>>();
function sightsOf(actions: readonly HistoryAction[]): ReadonlyMap<string, readonly Seen[]> {
  const known = sights.get(actions) ?? new Map(actions.map(({ id, saw }) => [id as string, saw]));
  sights.set(actions, known);
  return known;
}

function isSelected(selector: What, seen: Seen): boolean {
  if (!isIn(seen.fetchedAt, windowOf(selector))) return false;
  if (selector.from === "document") return seen.document === selector.digest;
  if (selector.from === "batch")
    return seen.batch === selector.batch && (selector.source ?? seen.source) === seen.source;
  return (
    seen.fact === selector.fact &&
    (selector.key ?? seen.key) === seen.key &&
    (selector.value ?? seen.value) === seen.value &&
    (selector.version ?? seen.version) === seen.version &&
    (selector.source ?? seen.source) === seen.source
  );
}

type Stretch = { readonly since?: string | undefined; readonly until?: string | undefined };
const windowOf = (selector: RecallSelector): Stretch => (selector.from === "time" ? selector : (selector.window ?? {}));
const isIn = (ms: number, { since, until }: Stretch): boolean =>
  (since === undefined || ms >= Date.parse(since)) && (until === undefined || ms < Date.parse(until));
