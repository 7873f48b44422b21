/** Which documents the arguments of an action were taken from: the passage that the agent had read, by its hash. */
import type { ActionRecord, Citation } from "@airworthy/contract";

import { defined } from "../../kernel/defined.ts";
import { groupBy } from "../../kernel/group-by.ts";
import { isWithin } from "../../kernel/lineage/is-within.ts";
import type { LineageReader } from "../../kernel/lineage/lineage-reader.ts";

export async function findCitations(
  { provenance = [] }: Pick<ActionRecord, "provenance">,
  reader: LineageReader,
): Promise<Citation[]> {
  const taken = provenance.flatMap(({ argument, reference, observation }) =>
    observation === undefined ? [] : [{ argument, reference, readBy: observation.readBy, path: observation.path }],
  );
  if (taken.length === 0) return [];
  const shown = groupBy(
    await reader.documentsShown([...new Set(taken.map(({ readBy }) => readBy))]),
    ({ action }) => action,
  );
  return taken.flatMap(({ argument, reference, readBy, path }): Citation[] => {
    const sight = (shown.get(readBy) ?? []).find(({ item }) => item !== undefined && isWithin(path, item));
    if (sight?.document === undefined) return [];
    const { document, batch, fact, key } = sight;
    return [{ argument, document, fact, key, readBy, ...defined({ reference, batch }) }];
  });
}
