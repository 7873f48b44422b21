/** The closure of a recall: everything that relied on what it starts with, on those, and so on, across agents. */
import { type ActionId, AirworthyError, type Reliance } from "@airworthy/contract";

import { groupBy } from "../../kernel/group-by.ts";
import type { Citation, LineageNode, Sight } from "../../kernel/lineage/lineage-entry.ts";
import type { LineageReader } from "../../kernel/lineage/lineage-reader.ts";
import { isWithin } from "../../kernel/lineage/is-within.ts";
import { matchWrite, type Write } from "../../kernel/lineage/written-by.ts";

/** What a recall starts with: whole actions, or what was seen of facts in the answers of reads. */
export type Seeds = {
  readonly actions: readonly LineageNode[];
  readonly sights: readonly Sight[];
  /** The whole record around a sight is meant, and not its one value. */
  readonly wholeRecords: boolean;
};

export type Member = {
  readonly node: LineageNode;
  /** Steps from the seeds. */
  readonly depth: number;
  readonly because: readonly Reliance[];
};
export type Closure = ReadonlyMap<ActionId, Member>;

/** More than this is no plan that a person can judge. */
export const membersMax = 50_000;

type Found = { readonly node: LineageNode; readonly because: Reliance };
/** A sight that carries what is recalled on to whoever cites it; `match` says how it came into it, if not by itself. */
type Carried = { readonly sight: Sight; readonly from?: ActionId; readonly match?: "version" | "value" };

/** @throws AirworthyError `too_large` above 50,000 actions. */
export async function closeOver(
  seeds: Seeds,
  reader: LineageReader,
  onLayer: (members: number) => void = () => undefined,
): Promise<Closure> {
  const members = new Map<ActionId, { node: LineageNode; depth: number; because: Reliance[] }>();
  const admit = (node: LineageNode, depth: number): boolean => {
    if (members.has(node.action)) return false;
    if (members.size >= membersMax) throw tooMany();
    members.set(node.action, { node, depth, because: [] });
    return true;
  };
  let frontier = seeds.actions.filter((node) => admit(node, 0));
  let found = await followSights(
    seeds.sights.map((sight) => ({ sight })),
    { reader, wholeRecords: seeds.wholeRecords },
  );
  frontier = [...frontier, ...join(found, 0)];
  for (let depth = 1; frontier.length > 0; depth += 1) {
    onLayer(members.size);
    // oxlint-disable-next-line no-await-in-loop -- each layer begins where the one before it ended
    found = [...(await followReads(frontier, reader)), ...(await followWrites(frontier, reader))];
    frontier = join(found, depth);
  }
  return members;

  /** Those that are new, with their reasons; reasons of those already in it are added. */
  function join(arrived: readonly Found[], depth: number): LineageNode[] {
    const fresh = arrived.filter(({ node }) => admit(node, depth)).map(({ node }) => node);
    for (const { node, because } of arrived) members.get(node.action)?.because.push(because);
    return fresh;
  }
}

/** Whoever cites an answer that one of these fetched. */
async function followReads(frontier: readonly LineageNode[], reader: LineageReader): Promise<Found[]> {
  const from = new Set<ActionId>(frontier.map(({ action }) => action));
  const citing = await reader.citing([...from]);
  return citing.flatMap((node) =>
    node.cites.filter((cite) => from.has(cite.from)).map((cite) => ({ node, because: relianceOf(cite) })),
  );
}

/** Whoever saw what an effect of one of these left, and rests on that. */
async function followWrites(frontier: readonly LineageNode[], reader: LineageReader): Promise<Found[]> {
  const writers = frontier.filter(({ wrote }) => wrote.length > 0);
  if (writers.length === 0) return [];
  const cited = [...new Set(writers.flatMap(({ wrote }) => wrote.map((fact) => fact.cited)))];
  const all = await reader.writing(cited);
  const statuses = await reader.statuses(all.map(({ action }) => action));
  const happening = all.filter(({ action }) => statuses.get(action) === "done" || statuses.get(action) === "unknown");
  const writes = groupBy(
    happening.flatMap((node) =>
      node.wrote.map((fact): Write => ({ node, fact, happened: statuses.get(node.action) === "done" })),
    ),
    ({ fact }) => fact.cited,
  );
  const mine = new Set(writers.map(({ action }) => action));
  const ours = [...writes.values()].flat().filter(({ node }) => mine.has(node.action));
  const sights = await reader.sightsAfter(
    ours.map(({ node, fact }) => ({
      fact: fact.fact,
      cited: fact.cited,
      valueDigest: fact.valueDigest,
      version: fact.version,
      sinceMs: node.startedAt ?? node.endedAt,
    })),
  );
  const byFact = groupBy(ours, ({ fact }) => fact.cited);
  const carried = sights.flatMap((sight) =>
    (byFact.get(sight.cited) ?? []).flatMap((write): Carried[] => {
      const match = matchWrite(sight, write, writes.get(sight.cited) ?? []);
      return match === undefined ? [] : [{ sight, from: write.node.action, match }];
    }),
  );
  return followSights(carried, { reader, wholeRecords: false });
}

type Following = { readonly reader: LineageReader; readonly wholeRecords: boolean };

/** Whoever rests on these sights: the action they were looked up for, and whoever cites them in the answer of a read. */
async function followSights(carried: readonly Carried[], { reader, wholeRecords }: Following): Promise<Found[]> {
  if (carried.length === 0) return [];
  const resting = carried.filter(({ sight }) => sight.rests);
  const nodes = await reader.nodes([...new Set(resting.map(({ sight }) => sight.action))]);
  const byAction = new Map(nodes.map((node) => [node.action, node]));
  const rested = resting.flatMap(({ sight, from, match }): Found[] => {
    const node = byAction.get(sight.action);
    const { id: via, fact, key } = sight;
    return node ? [{ node, because: { from: from ?? sight.action, match: match ?? "fact", via, fact, key } }] : [];
  });
  const read = groupBy(
    carried.filter(({ sight }) => !sight.rests),
    ({ sight }) => sight.action,
  );
  const citing = await reader.citing([...read.keys()]);
  const cited = citing.flatMap((node) =>
    node.cites.flatMap((cite) =>
      (read.get(cite.from) ?? [])
        .filter(({ sight }) => isOf(cite, sight, wholeRecords))
        .map(({ sight, from, match }): Found => {
          const { fact, key } = sight;
          return {
            node,
            because: { ...relianceOf(cite), ...(from ? { from, match: match ?? cite.match } : {}), fact, key },
          };
        }),
    ),
  );
  return [...rested, ...cited];
}

/** Whether what is cited is this very sight, or its value, or (asked for whole) a value of its record. */
function isOf(cite: Citation, sight: Sight, wholeRecords: boolean): boolean {
  if (cite.via === sight.id) return true;
  if (cite.path === undefined) return false;
  if (cite.path === sight.path) return true;
  const { item } = sight;
  return wholeRecords && item !== undefined && isWithin(cite.path, item);
}

function relianceOf({ from, match, via, fact, key, argument }: Citation): Reliance {
  return {
    from,
    match,
    via,
    ...(fact === undefined ? {} : { fact }),
    ...(key === undefined ? {} : { key }),
    ...(argument === undefined ? {} : { argument }),
  };
}

function tooMany(): AirworthyError {
  return new AirworthyError("too_large", `More than ${membersMax.toLocaleString("en-GB")} actions relied on this.`, {
    place: "$.selector",
    fix: "Narrow it with a window of time, and recall one stretch after the other.",
  });
}
