/** Finds what a recall starts with: the actions, or the sights of facts, that its selector names. */
import { type ActionId, AirworthyError, type RecallSelector, type RecallWindow } from "@airworthy/contract";

import { defined } from "../../kernel/defined.ts";
import type { HandleKind } from "../../kernel/lineage/handle.ts";
import type { LineageNode, Sight } from "../../kernel/lineage/lineage-entry.ts";
import type { Between, LineageReader, SightQuery } from "../../kernel/lineage/lineage-reader.ts";
import { membersMax, type Seeds } from "./closure.ts";

type From<F extends RecallSelector["from"]> = Extract<RecallSelector, { from: F }>;

type Finders = { readonly [F in RecallSelector["from"]]: (selector: From<F>, reader: LineageReader) => Promise<Seeds> };

const finders: Finders = {
  fact: seedsOfFact,
  batch: ({ batch, source, window }, reader) =>
    ofSights({ batch, ...defined({ source }), between: betweenOf(window) }, true, reader),
  document: ({ digest, window }, reader) => ofSights({ document: digest, between: betweenOf(window) }, true, reader),
  agent: (selector, reader) =>
    selector.version === undefined
      ? ofActions("agent", selector.agent, { selector, reader })
      : ofActions("agent-version", selector.version, { selector, reader, fits: byAgent(selector.agent) }),
  model: (selector, reader) => ofActions("model", selector.model, { selector, reader }),
  prompt: (selector, reader) => ofActions("prompt", selector.digest, { selector, reader }),
  policy: (selector, reader) =>
    selector.version === undefined
      ? ofActions("policy", selector.policy, { selector, reader })
      : ofActions("policy-version", selector.version, { selector, reader }),
  tool: (selector, reader) =>
    selector.version === undefined
      ? ofActions("tool", selector.tool, { selector, reader })
      : ofActions("tool-version", selector.version, { selector, reader, fits: byTool(selector.tool) }),
  run: (selector, reader) =>
    ofActions("run", selector.run, {
      selector,
      reader,
      ...(selector.agent === undefined ? {} : { fits: byAgent(selector.agent) }),
    }),
  approver: seedsOfApprover,
  action: seedsOfAction,
  time: async (selector, reader) => whole(await reader.endedBetween(betweenOf(selector), membersMax + 1)),
};

/** @throws AirworthyError `too_large` when it names more than a plan may hold; `not_found` for an action that is not there. */
export function findSeeds(selector: RecallSelector, reader: LineageReader): Promise<Seeds> {
  // The table pairs each start with its own selector; the compiler cannot follow the pair through the lookup.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const find = finders[selector.from] as (one: RecallSelector, from: LineageReader) => Promise<Seeds>;
  return find(selector, reader);
}

/** Of a fact, its key and value are compared by their keyed digests; the names themselves are nowhere to be searched. */
async function seedsOfFact({ fact, key, value, version, source, window }: From<"fact">, reader: LineageReader) {
  const query: SightQuery = {
    fact,
    ...defined({
      cited: key === undefined ? undefined : await reader.digest([fact, key]),
      valueDigest: value === undefined ? undefined : await reader.digest(value),
      version,
      source,
    }),
    between: betweenOf(window),
  };
  return ofSights(query, false, reader);
}

async function ofSights(query: SightQuery, wholeRecords: boolean, reader: LineageReader): Promise<Seeds> {
  const sights: Sight[] = await reader.sights(query, sightsMax + 1);
  if (sights.length > sightsMax) throw tooMany();
  return { actions: [], sights, wholeRecords };
}

const sightsMax = 200_000;

type Asking = {
  readonly selector: { readonly window?: RecallWindow | undefined };
  readonly reader: LineageReader;
  readonly fits?: (node: LineageNode) => boolean;
};

async function ofActions(
  kind: HandleKind,
  name: string,
  { selector, reader, fits = () => true }: Asking,
): Promise<Seeds> {
  const nodes = await reader.found(kind, name, { between: betweenOf(selector.window), limit: membersMax + 1 });
  return whole(nodes.filter(fits));
}

const byAgent =
  (agent: string) =>
  (node: LineageNode): boolean =>
    node.agent === agent;

const byTool =
  (tool: string) =>
  (node: LineageNode): boolean =>
    node.tool === tool;

async function seedsOfApprover({ approver, window }: From<"approver">, reader: LineageReader): Promise<Seeds> {
  const actions = await reader.approvedBy(approver, membersMax + 1);
  return whole(within(await reader.nodes(actions), window));
}

async function seedsOfAction({ action, window }: From<"action">, reader: LineageReader): Promise<Seeds> {
  const nodes = await reader.nodes([action]);
  if (nodes.length === 0) throw noSuchAction(action);
  return whole(within(nodes, window));
}

function within(nodes: readonly LineageNode[], window: RecallWindow | undefined): LineageNode[] {
  const { sinceMs = -Infinity, untilMs = Infinity } = betweenOf(window);
  return nodes.filter(({ endedAt }) => endedAt >= sinceMs && endedAt < untilMs);
}

function whole(actions: readonly LineageNode[]): Seeds {
  if (actions.length > membersMax) throw tooMany();
  return { actions, sights: [], wholeRecords: false };
}

function betweenOf({ since, until }: RecallWindow = {}): Between {
  return {
    sinceMs: since === undefined ? undefined : Date.parse(since),
    untilMs: until === undefined ? undefined : Date.parse(until),
  };
}

function tooMany(): AirworthyError {
  return new AirworthyError("too_large", "The selector names more than one plan can hold.", {
    place: "$.selector",
    fix: "Narrow it with a window of time (--since, --until), and recall one stretch after the other.",
  });
}

function noSuchAction(action: ActionId): AirworthyError {
  return new AirworthyError("not_found", `There is no ended action ${action}.`, {
    place: "$.selector.action",
    fix: "Take the id from `airworthy actions list`.",
  });
}
