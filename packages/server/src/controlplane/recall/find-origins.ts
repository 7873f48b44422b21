/** Whose effects wrote what an action rests on or holds: lineage, one step back, across agents. */
import type { ActionRecord, FactOrigin } from "@airworthy/contract";

import type { LineageReader } from "../../kernel/lineage/lineage-reader.ts";
import { matchWrite, type Write } from "../../kernel/lineage/written-by.ts";

/** Of the facts it rests on and of arguments that equal a fact. Each origin once. */
export async function findOrigins(
  { facts, lineage }: Pick<ActionRecord, "facts" | "lineage">,
  reader: LineageReader,
): Promise<FactOrigin[]> {
  const wanted = await Promise.all(
    [...facts, ...lineage].map(async ({ fact, key, observation: id }) => ({
      fact,
      id,
      cited: await reader.digest([fact, key]),
    })),
  );
  const sights = await reader.sightsById(wanted);
  const writers = await reader.writing([...new Set(sights.map(({ cited }) => cited))]);
  const statuses = await reader.statuses(writers.map(({ action }) => action));
  const writes = writers.flatMap((node): Write[] => {
    const status = statuses.get(node.action);
    if (status !== "done" && status !== "unknown") return [];
    return node.wrote.map((fact) => ({ node, fact, happened: status === "done" }));
  });
  const found = sights.flatMap((sight) =>
    writes.flatMap((write): FactOrigin[] => {
      const match = matchWrite(sight, write, writes);
      if (match === undefined) return [];
      const { action, agent, tool, endedAt } = write.node;
      const by = { action, agent, tool, at: new Date(endedAt).toISOString() };
      return [{ fact: sight.fact, key: sight.key, observation: sight.id, match, by }];
    }),
  );
  return [...new Map(found.map((one) => [`${one.observation} ${one.by.action}`, one])).values()];
}
