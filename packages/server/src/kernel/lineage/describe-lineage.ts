/** Makes of an ended action what its lineage keeps: citations, sights, writes, and the handles to find them by. */
import type { ActionId, FactUsed, LineageEdge, ValueOrigin } from "@airworthy/contract";

import type { JudgedAction, NewObservation } from "../action-walk.ts";
import { defined } from "../defined.ts";
import { agentVersion } from "./agent-version.ts";
import { type HandleKind, handleOf } from "./handle.ts";
import { shortDigest } from "./short-digest.ts";
import type { Citation, DoneUnder, LineageEntry, Sight, WrittenFact } from "./lineage-entry.ts";

/** All that it takes, from a walk or from a row that was settled later. */
export type Ended = {
  readonly tenant: string;
  readonly id: ActionId;
  readonly agent: string;
  readonly tool: string;
  readonly run: string | undefined;
  readonly facts: readonly FactUsed[];
  /** Of the facts, in their order: keyed digests of fact and key, and of the value. */
  readonly cited: readonly string[];
  readonly factDigests: readonly string[];
  readonly lineage: readonly LineageEdge[];
  readonly provenance: readonly ValueOrigin[];
  readonly observations: readonly NewObservation[];
  readonly written: readonly WrittenFact[];
  readonly under: DoneUnder;
};

export function describeLineage(ended: Ended): LineageEntry {
  const cites = listCitations(ended);
  const { id, agent, tool } = ended;
  const saw = [...listLookUps(ended), ...ended.observations.map((one) => sightIn(id, one))];
  const wrote = ended.written.map(shorten);
  return { action: id, agent, tool, cites, saw, wrote, handles: listHandles(ended, { cites, wrote }) };
}

/** What an action is done under, kept with the working row from the moment its effect begins. */
export function doneUnder({ context, judgement }: Pick<JudgedAction, "context" | "judgement">): DoneUnder {
  const { agent, tool } = context;
  return {
    ...defined({
      agent: agent && agentVersion(agent),
      model: agent?.model && `${agent.model.provider}/${agent.model.name}`,
      prompt: agent?.prompt?.digest,
      tool: tool?.digest,
    }),
    policies: judgement.determining.map(({ id, digest }) => ({ id, digest })),
  };
}

/** Each reason once: the same read may be cited for several arguments, and one argument by fact and by value. */
function listCitations({ facts, lineage, provenance }: Ended): Citation[] {
  const all: Citation[] = [
    ...facts.flatMap(({ readBy: from, observation: via, fact, key }): Citation[] =>
      from === undefined ? [] : [{ from, match: "fact", via, fact, key }],
    ),
    ...lineage.flatMap(({ readBy: from, observation: via, fact, key, argument }): Citation[] =>
      from === undefined ? [] : [{ from, match: "exact", via, fact, key, argument }],
    ),
    ...provenance.flatMap(({ observation, match, argument }): Citation[] =>
      observation === undefined || match === undefined || match === "overflow"
        ? []
        : [{ from: observation.readBy, match, via: observation.id, path: observation.path, argument }],
    ),
  ];
  const once = new Map(all.map((one) => [[one.from, one.match, one.via, one.path, one.argument].join(" "), one]));
  return [...once.values()];
}

/** What was looked up for it, and not by the agent. */
function listLookUps({ id, facts, cited, factDigests }: Ended): Sight[] {
  return facts.flatMap((fact, at): Sight[] => {
    if (fact.readBy !== undefined) return [];
    const sight: Sight = {
      id: fact.observation,
      action: id,
      fact: fact.fact,
      key: fact.key,
      cited: shortDigest(cited[at] ?? ""),
      valueDigest: shortDigest(factDigests[at] ?? ""),
      source: fact.source,
      asOf: Date.parse(fact.asOf),
      fetchedAt: Date.parse(fact.fetchedAt),
      ...defined({ version: fact.sourceVersion, batch: fact.batch, document: fact.document }),
      rests: true,
    };
    return [sight];
  });
}

function sightIn(action: ActionId, observation: NewObservation): Sight {
  const { id, fact, key, cited, valueDigest, source, fetchedAt } = observation;
  const { sourceVersion: version, asOf, batch, document, path, item } = observation;
  return {
    id,
    action,
    fact,
    key,
    cited: shortDigest(cited),
    valueDigest: shortDigest(valueDigest),
    source,
    fetchedAt,
    rests: false,
    ...defined({ version, asOf, batch, document, path, item }),
  };
}

function shorten({ cited, valueDigest, ...rest }: WrittenFact): WrittenFact {
  return {
    ...rest,
    cited: shortDigest(cited),
    ...defined({ valueDigest: valueDigest === undefined ? undefined : shortDigest(valueDigest) }),
  };
}

function listHandles(
  { tenant, agent, tool, run, under }: Ended,
  { cites, wrote }: Pick<LineageEntry, "cites" | "wrote">,
): string[] {
  const names: (readonly [HandleKind, string | undefined])[] = [
    ["agent", agent],
    ["agent-version", under.agent],
    ["model", under.model],
    ["prompt", under.prompt],
    ["tool", tool],
    ["tool-version", under.tool],
    ["run", run],
    ...under.policies.flatMap(({ id, digest }) => [["policy", id] as const, ["policy-version", digest] as const]),
    ...cites.map(({ from }) => ["cites", from] as const),
    ...wrote.map(({ cited }) => ["wrote", cited] as const),
  ];
  const handles = names.flatMap(([kind, name]) => (name === undefined ? [] : [handleOf(tenant, kind, name)]));
  return [...new Set(handles)];
}
