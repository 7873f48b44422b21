/** A recall is asked for: the plan must be whole, in time and still true, and somebody other than its maker must answer. */
import {
  type ActionId,
  AirworthyError,
  type Reason,
  type RecallAmount,
  type RecallItem,
  type RecallPlan,
  type RecallPolicyDocument,
  type Snapshot,
} from "@airworthy/contract";

import { canSeatAll } from "../../kernel/can-seat-all.ts";
import { newId } from "../../kernel/ids.ts";
import type { RecallPlanner } from "../../kernel/recall-planner.ts";
import type { OpeningItem, RecallOpening } from "../../kernel/recall-store.ts";

export type Ask = {
  readonly plan: RecallPlan;
  readonly tenant: string;
  readonly by: string;
  readonly snapshot: Snapshot;
};

const defaultPerSecond = 5;

/** What is to be written down. @throws AirworthyError when the plan may not be started as it is. */
export async function askRecall(ask: Ask, planner: RecallPlanner): Promise<RecallOpening> {
  const { plan, tenant, by, snapshot } = ask;
  await planner.check(tenant, plan);
  const policy = snapshot.recall;
  if (!policy) throw noPolicy();
  const makers = [...new Set([plan.madeBy, by])];
  const approvers = chooseApprovers(plan, policy);
  if (!canSeatAll(approvers, (team) => membersOf(snapshot, team).filter((one) => !makers.includes(one)))) {
    throw nobodyLeft(approvers, makers);
  }
  return {
    plan,
    startedBy: by,
    perSecond: policy.perSecond ?? defaultPerSecond,
    items: describeItems(plan, snapshot),
    approval: {
      id: newId("apr"),
      approvers: [...approvers],
      notBy: makers,
      reasons: describeReach(plan),
      arguments: { recall: plan.id, plan: plan.digest, madeBy: plan.madeBy, actions: plan.items.length },
      ...singleAmount(plan),
    },
  };
}

/** Four eyes where it reaches further than the policy says, and wherever it moves a currency that the policy does not name. */
export function chooseApprovers(plan: RecallPlan, { approvers, fourEyes }: RecallPolicyDocument): readonly string[] {
  const far = amountsOf(plan).some(({ currency, minor }) => {
    const limit = fourEyes.above.find((one) => one.currency === currency);
    return minor > (limit?.minor ?? 0);
  });
  return far ? fourEyes.approvers : approvers;
}

const reaching = ["reversible", "externally_reversible", "irreversible"] as const;

/** What was moved by everything that still stands, summed for each currency. */
function amountsOf({ groups }: RecallPlan): RecallAmount[] {
  const sums = new Map<string, RecallAmount>();
  for (const { currency, minor, count } of reaching.flatMap((group) => groups[group].amounts)) {
    const before = sums.get(currency) ?? { currency, minor: 0, count: 0 };
    sums.set(currency, { currency, minor: before.minor + minor, count: before.count + count });
  }
  return [...sums.values()];
}

function singleAmount(plan: RecallPlan): { amount?: { minor: number; currency: string } } {
  const [only, ...others] = amountsOf(plan);
  return only && others.length === 0 ? { amount: { minor: only.minor, currency: only.currency } } : {};
}

/** The blast radius in sentences, for whoever answers. */
function describeReach(plan: RecallPlan): Reason[] {
  const { groups, entities, people, alsoTouchedCount } = plan;
  const lines = reaching.flatMap((group) => {
    const { count, amounts, choice } = groups[group];
    if (count === 0) return [];
    const money = amounts.map(({ minor, currency }) => `${(minor / 100).toFixed(2)} ${currency}`).join(", ");
    return [`${count} ${group.replaceAll("_", " ")}${money === "" ? "" : ` (${money})`}: ${choice}.`];
  });
  const told = people.recipients.length;
  lines.push(
    `${entities.length} business objects, ${told} recipients; ${alsoTouchedCount} further actions on the same objects stay.`,
  );
  return lines.map((detail) => ({ code: "recall", effect: "escalate", detail }));
}

/**
 * What is taken back only after what relied on it, and after what was done later to the same business object: the
 * planner's order says which of two is first.
 */
export function describeItems(plan: RecallPlan, { tools }: Pick<Snapshot, "tools">): OpeningItem[] {
  const orderOf = new Map(plan.items.map((item) => [item.action, item.reverseOrder]));
  const needs = new Map<ActionId, Set<ActionId>>(plan.items.map((item) => [item.action, new Set()]));
  for (const item of plan.items) {
    for (const { from } of item.because) {
      if ((orderOf.get(from) ?? -1) > item.reverseOrder) needs.get(from)?.add(item.action);
    }
  }
  const latest = new Map<string, RecallItem>();
  for (const item of plan.items.toSorted((a, b) => a.reverseOrder - b.reverseOrder)) {
    if (!item.entity || item.group === "without_effect") continue;
    const entity = `${item.entity.type}:${item.entity.id}`;
    const later = latest.get(entity);
    if (later) needs.get(item.action)?.add(later.action);
    latest.set(entity, item);
  }
  return plan.items.map(({ action, tool, compensation }) => {
    const digest = compensation && own(tools, compensation.tool)?.digest;
    const restores = own(tools, tool)?.definition.compensate?.restoresBudget;
    return {
      action,
      needs: [...(needs.get(action) ?? [])],
      ...(digest === undefined ? {} : { callDigest: digest }),
      ...(restores === undefined ? {} : { restoresBudget: restores }),
    };
  });
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

const membersOf = ({ teams }: Snapshot, team: string): readonly string[] => own(teams, team)?.members ?? [];

function noPolicy(): AirworthyError {
  return new AirworthyError("conflict", "The live configuration does not say who may approve a recall.", {
    fix: "Add a document of kind RecallPolicy, and apply it.",
  });
}

function nobodyLeft(approvers: readonly string[], makers: readonly string[]): AirworthyError {
  const message = `Of ${approvers.join(" and ")} nobody is left to answer but ${makers.join(" and ")}, who made the plan.`;
  return new AirworthyError("conflict", message, { fix: "Let somebody else start it, or add people to the teams." });
}
