/** Makes the plan of a recall: the blast radius, what is to become of each action, and digests that hold it to that. */
import {
  type ActionId,
  AirworthyError,
  type AlsoTouched,
  type Json,
  RecallGroup,
  type RecallChoices,
  type RecallItem,
  type RecallLimits,
  type RecallPlan,
  type RecallSelector,
  type Snapshot,
} from "@airworthy/contract";

import { canonicalJson, sha256Hex } from "../../kernel/canonical.ts";
import type { Clock } from "../../kernel/deps.ts";
import { newId } from "../../kernel/ids.ts";
import type { LineageReader, LineageStore, RecalledAction } from "../../kernel/lineage/lineage-reader.ts";
import { type Closure, closeOver } from "./closure.ts";
import { describeItem } from "./describe-item.ts";
import { findSeeds } from "./find-seeds.ts";
import { orderReverse } from "./order-reverse.ts";
import { countPeople, sumGroups } from "./sum-plan.ts";

export type RecallPlanner = {
  /** Changes nothing. @throws AirworthyError `too_large`, or `not_found` for an action that is not there. */
  readonly plan: (tenant: string, wish: RecallWish) => Promise<RecallPlan>;
  /**
   * Whether a plan may still be carried out: as it was made, in its time, and over the same picture.
   * @throws AirworthyError `conflict` when it was altered, has expired or the picture has moved since.
   */
  readonly check: (tenant: string, plan: RecallPlan) => Promise<void>;
};
export type RecallWish = {
  readonly selector: RecallSelector;
  readonly choices: RecallChoices;
  readonly expiresInMs: number;
  readonly by: string;
  readonly limits: RecallLimits;
  readonly snapshot: Snapshot;
};
export type RecallPlannerDeps = {
  readonly lineage: LineageStore;
  readonly clock: Clock;
  /** A configuration of the past, under which an effect was begun. */
  readonly readSnapshot: (tenant: string, version: number) => Promise<Snapshot>;
};

/** Of what was only touched as well, this many are named. */
const alsoTouchedMax = 500;

export function createRecallPlanner(deps: RecallPlannerDeps): RecallPlanner {
  return {
    plan: async (tenant, wish) => {
      const seen = await look(tenant, wish, deps);
      const { snapshot, selector, choices, limits, by, expiresInMs } = wish;
      const now = deps.clock.now();
      const plan = {
        schema: "airworthy.recall/1" as const,
        id: newId("rcl"),
        tenant,
        selector,
        choices,
        madeBy: by,
        madeAt: new Date(now).toISOString(),
        expiresAt: new Date(now + expiresInMs).toISOString(),
        snapshot: { version: snapshot.version, digest: snapshot.digest },
        limits,
        ...seen,
      };
      return { ...plan, digest: digestPlan(plan) };
    },
    check: async (tenant, plan) => {
      if (plan.tenant !== tenant) throw refuse("It was made for another tenant.");
      if (digestPlan(plan) !== plan.digest) throw refuse("It was altered after it was made: its digest does not fit.");
      if (deps.clock.now() >= Date.parse(plan.expiresAt)) throw refuse(`It expired at ${plan.expiresAt}.`);
      const { picture } = await look(tenant, plan, deps);
      if (picture !== plan.picture) {
        throw refuse("The picture has moved since: other actions rely on this now, or some have changed.");
      }
    },
  };
}

/** SHA-256 of the canonical JSON of everything in a plan but its digest. */
function digestPlan(plan: Omit<RecallPlan, "digest"> & { readonly digest?: string }): string {
  const copy: Json = JSON.parse(JSON.stringify({ ...plan, digest: undefined }));
  return sha256Hex(canonicalJson(copy));
}

type Seen = Pick<
  RecallPlan,
  "groups" | "items" | "alsoTouched" | "alsoTouchedCount" | "entities" | "people" | "picture"
>;

function look(
  tenant: string,
  { selector, choices }: Pick<RecallWish, "selector" | "choices">,
  deps: RecallPlannerDeps,
): Promise<Seen> {
  return deps.lineage.read(tenant, async (reader) => {
    const closure = await closeOver(await findSeeds(selector, reader), reader);
    const described = await reader.describe([...closure.keys()]);
    const snapshots = await readSnapshots(tenant, described, deps);
    const order = orderReverse(closure);
    const items = described
      .flatMap((action): RecallItem[] => {
        const member = closure.get(action.record.id);
        const place = order.get(action.record.id);
        if (!member || place === undefined) return [];
        return [describeItem(action, { member, place, choices, snapshots })];
      })
      .toSorted((a, b) => a.reverseOrder - b.reverseOrder);
    const touched = await findAlsoTouched(items, closure, reader);
    return {
      groups: sumGroups(items, choices),
      items,
      ...touched,
      entities: countEntities(items),
      people: countPeople(described, snapshots),
      picture: digestPicture(items),
    };
  });
}

async function readSnapshots(
  tenant: string,
  described: readonly RecalledAction[],
  { readSnapshot }: RecallPlannerDeps,
): Promise<ReadonlyMap<number, Snapshot>> {
  const versions = [...new Set(described.flatMap(({ effect }) => (effect ? [effect.snapshotVersion] : [])))];
  return new Map(await Promise.all(versions.map(async (one) => [one, await readSnapshot(tenant, one)] as const)));
}

/** What was found, and nothing that differs from one look to the next. */
function digestPicture(items: readonly RecallItem[]): string {
  const picture: Json = items
    .map(({ action, status, group, because }) => [
      action,
      status,
      group,
      because
        .map(({ from, match, via, argument }) => [from, match, via ?? null, argument ?? null].join(" "))
        .toSorted(),
    ])
    .toSorted((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
  return sha256Hex(canonicalJson(picture));
}

async function findAlsoTouched(
  items: readonly RecallItem[],
  closure: Closure,
  reader: LineageReader,
): Promise<{ readonly alsoTouched: AlsoTouched[]; readonly alsoTouchedCount: number }> {
  const entities = countEntities(items).map(({ entity }) => entity);
  const except: ActionId[] = [...closure.keys()];
  const { count, latest } = await reader.touching(entities, { except, limit: alsoTouchedMax });
  const alsoTouched = latest.flatMap(({ id, agent, tool, updatedAt, entity }): AlsoTouched[] =>
    entity ? [{ action: id, agent, tool, at: updatedAt, entity }] : [],
  );
  return { alsoTouched, alsoTouchedCount: count };
}

/** The business objects that effects in the plan were on, the most affected first. */
function countEntities(items: readonly RecallItem[]): RecallPlan["entities"] {
  const counts = new Map<string, number>();
  for (const { entity, group } of items) {
    if (!entity || group === RecallGroup.enum.without_effect) continue;
    const name = `${entity.type}:${entity.id}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .map(([entity, actions]) => ({ entity, actions }))
    .toSorted((a, b) => b.actions - a.actions || (a.entity < b.entity ? -1 : 1));
}

function refuse(why: string): AirworthyError {
  return new AirworthyError("conflict", `This plan cannot be carried out. ${why} Nothing was done.`, {
    place: "$.plan",
    fix: "Make it again with `airworthy recall plan`, and look at it again.",
  });
}
