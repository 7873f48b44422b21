/** What a yes is bound to of the business objects' pictures: what the determining policies read of them, and nothing else. */
import type { Json } from "@airworthy/contract";

import { everyAttribute } from "./entity-reads.ts";
import { listTelling, type Asking, type SeenEntity, type ToldEffect } from "./telling.ts";

/**
 * By the effects themselves, not by their status: whether one that may have happened did happen is no other picture. Of
 * recent effects the newest counts, so that a new one is seen and the passing of time is not.
 */
export function bindEntities(seen: readonly SeenEntity[], asking: Asking, reads: readonly string[]): Json | undefined {
  if (reads.length === 0 || seen.length === 0) return undefined;
  const told = listTelling(seen, asking);
  const ids = (effects: readonly ToldEffect[]): string[] => effects.map((one) => `${one.entity} ${one.id}`).toSorted();
  const parts: Readonly<Record<string, () => Json>> = {
    states: () => ids(told.states),
    contradicts: () => ids(told.contradicts),
    contradictsOwn: () => ids(told.contradictsOwn),
    holds: () => ids(told.holds),
    unsettled: () => ids(told.unsettled),
    recent: () => seen.flatMap(({ key }) => ids(told.recent.filter((one) => one.entity === key).slice(-1))),
    lastState: () => ids(told.states),
    net: () => seen.map(({ key, picture }): Json => [key, { ...picture.net }]),
    complete: () => seen.every(({ picture }) => !picture.truncated),
  };
  const wanted = reads.includes(everyAttribute)
    ? Object.keys(parts)
    : reads.filter((name) => Object.hasOwn(parts, name));
  return Object.fromEntries(wanted.toSorted().map((name) => [name, parts[name]?.() ?? null]));
}
