/** Whether what was seen of a fact is what an effect wrote: by its version where both have one, else by value and time. */
import type { LineageNode, Sight, WrittenFact } from "./lineage-entry.ts";

/** One effect on one fact. `happened` is false while nobody knows. Times in epoch ms. */
export type Write = {
  readonly node: LineageNode;
  readonly fact: WrittenFact;
  readonly happened: boolean;
};

/** How far a source's clock may be behind the database's. */
const skewMs = 2000;

/**
 * How `sight` shows that it is of `write`, if it is. Versions decide where both are known. Otherwise the value must be the
 * written one, seen after the write began and before the next known write of the same fact had ended: time is the source's
 * as-of where it states one. `others`: all writes of the fact, in any order.
 */
export function matchWrite(sight: Sight, write: Write, others: readonly Write[]): "version" | "value" | undefined {
  const { node, fact } = write;
  if (sight.cited !== fact.cited) return undefined;
  const startedAt = node.startedAt ?? node.endedAt;
  if (sight.fetchedAt < startedAt) return undefined;
  if (fact.version !== undefined && sight.version !== undefined) {
    return fact.version === sight.version ? "version" : undefined;
  }
  if (fact.valueDigest === undefined || fact.valueDigest !== sight.valueDigest) return undefined;
  const at = sight.asOf ?? sight.fetchedAt;
  if (at < startedAt - skewMs) return undefined;
  return at < nextEnd(write, others) ? "value" : undefined;
}

/** When the next effect that certainly happened had overwritten it. */
function nextEnd({ node, fact }: Write, others: readonly Write[]): number {
  const later = others.filter(
    (other) => other.happened && other.fact.cited === fact.cited && other.node.endedAt > node.endedAt,
  );
  return Math.min(Infinity, ...later.map((other) => other.node.endedAt));
}
