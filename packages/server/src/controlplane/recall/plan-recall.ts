/** Makes the plan of a recall: the blast radius, what is to become of each action, and digests that hold it to that. */
import {
  type ActionId,
  AirworthyError,
  type AlsoTouched,
  type Json,
  RecallGroup,
  type RecallItem,
  type RecallLimits,
  type RecallPlan,
  type Snapshot,
} from "@airworthy/contract";

import { canonicalJson, sha256Hex } from "../../kernel/canonical.ts";
import type { Clock, Control } from "../../kernel/deps.ts";
import { newId } from "../../kernel/ids.ts";
import type { LineageReader, LineageStore, RecalledAction } from "../../kernel/lineage/lineage-reader.ts";
import type { RecallPlanner, RecallWish } from "../../kernel/recall-planner.ts";
import { type Closure, closeOver } from "./closure.ts";
import { describeItem } from "./describe-item.ts";
import { findSeeds } from "./find-seeds.ts";
import { findTakenBack } from "./find-taken-back.ts";
import { orderReverse } from "./order-reverse.ts";
import { countPeople, sumGroups } from "./sum-plan.ts";

export type RecallPlannerDeps = {
  readonly lineage: LineageStore;
  readonly clock: Clock;
  readonly control: Pick<Control, "view">;
  /** A configuration of the past, under which an effect was begun. */
  readonly readSnapshot: (tenant: string, version: number) => Promise<Snapshot>;
};

/** Of what was only touched as well, this many are named. */
const alsoTouchedMax = 500;

export function createRecallPlanner(deps: RecallPlannerDeps): RecallPlanner {
  return {
    plan: async (tenant, wish) => {
      const seen = await look(tenant, wish, deps);
      const { selector, choices, by, expiresInMs } = wish;
      const { snapshot } = await deps.control.view(tenant);
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
        limits: limitsOf(snapshot),
        ...seen,
      };
      return { ...plan, digest: digestPlan(plan) };
    },
    check: async (tenant, plan) => {
      if (plan.tenant !== tenant) throw otherTenant(plan);
      if (digestPlan(plan) !== plan.digest) throw refuse("digest", "It was altered after it was made.");
      const leftMs = Date.parse(plan.expiresAt) - deps.clock.now();
      if (leftMs <= 0) throw refuse("expiresAt", `It expired at ${plan.expiresAt}.`);
      if (leftMs > validMostMs) throw refuse("expiresAt", "No plan is good for so long.");
      const { snapshot } = await deps.control.view(tenant);
      const seen = { limits: limitsOf(snapshot), ...(await look(tenant, plan, deps)) };
      // Not the picture alone: who wrote the file may have written other calls into it, and a digest to go with them.
      const moved = held.find((part) => canonicalJson(toJson(seen[part])) !== canonicalJson(toJson(plan[part])));
      if (moved !== undefined) {
        throw refuse(moved, "The picture has moved since: other actions rely on this now, or some have changed.");
      }
    },
  };
}

/** No plan says what is true for longer than this. */
const validMostMs = 7 * 86_400_000;
/** What must come out again. What was merely touched as well may change. */
const held = ["picture", "items", "groups", "limits"] as const;

const limitsOf = ({ recall }: Snapshot): RecallLimits => ({ fourEyesAbove: recall?.fourEyes.above ?? [] });

function toJson(value: unknown): Json {
  const copy: Json = JSON.parse(JSON.stringify(value));
  return copy;
}

/** SHA-256 of the canonical JSON of everything in a plan but its digest. */
function digestPlan(plan: Omit<RecallPlan, "digest"> & { readonly digest?: string }): string {
  return sha256Hex(canonicalJson(toJson({ ...plan, digest: undefined })));
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
    const takenBack = findTakenBack(described, snapshots);
    const items = described
      .flatMap((action): RecallItem[] => {
        const member = closure.get(action.record.id);
        const place = order.get(action.record.id);
        if (!member || place === undefined) return [];
        return [describeItem(action, { member, place, choices, snapshots, takenBack })];
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

function otherTenant({ tenant }: RecallPlan): AirworthyError {
  const message = `The plan was made for tenant ${JSON.stringify(tenant.slice(0, 40))}.`;
  return new AirworthyError("not_found", message, { place: "$.plan.tenant", fix: "Plan again for this tenant." });
}

function refuse(part: string, why: string): AirworthyError {
  return new AirworthyError("conflict", `This plan cannot be carried out. ${why} Nothing was done.`, {
    place: `$.plan.${part}`,
    fix: "Make it again with `airworthy recall plan`, and look at it again.",
  });
}
