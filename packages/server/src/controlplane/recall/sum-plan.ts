/** Sums of a plan: actions and amounts of each group, and the people it concerns. */
import {
  type RecallAmount,
  type RecallChoices,
  RecallGroup,
  type RecallItem,
  type RecallPeople,
  type RecallPlan,
  type Snapshot,
} from "@airworthy/contract";

import type { RecalledAction } from "../../kernel/lineage/lineage-reader.ts";
import { readAt } from "../../kernel/read-at.ts";
import { choiceFor } from "./describe-item.ts";

export function sumGroups(items: readonly RecallItem[], choices: RecallChoices): RecallPlan["groups"] {
  const sumOf = (group: RecallGroup): RecallPlan["groups"][RecallGroup] => {
    const members = items.filter((item) => item.group === group);
    return { count: members.length, amounts: sumAmounts(members), choice: choiceFor(group, choices) };
  };
  return {
    reversible: sumOf("reversible"),
    externally_reversible: sumOf("externally_reversible"),
    irreversible: sumOf("irreversible"),
    compensated: sumOf("compensated"),
    without_effect: { ...sumOf("without_effect"), amounts: [] },
  };
}

function sumAmounts(items: readonly RecallItem[]): RecallAmount[] {
  const sums = new Map<string, RecallAmount>();
  for (const { amount } of items) {
    if (!amount) continue;
    const { minor, count } = sums.get(amount.currency) ?? { minor: 0, count: 0 };
    sums.set(amount.currency, { currency: amount.currency, minor: minor + amount.minor, count: count + 1 });
  }
  return [...sums.values()].toSorted((a, b) => (a.currency < b.currency ? -1 : 1));
}

/** Approvers by name, owners of the agents, and whom a tool names as its recipient under `sensitive.recipient`. */
export function countPeople(
  actions: readonly RecalledAction[],
  snapshots: ReadonlyMap<number, Snapshot>,
): RecallPeople {
  const [approvers, owners, recipients] = [createTally(), createTally(), createTally()];
  for (const { record, effect, approvers: signed } of actions) {
    const snapshot = effect && snapshots.get(effect.snapshotVersion);
    const tool = snapshot?.tools[record.tool];
    if (!snapshot || !tool || tool.effect === "read") continue;
    for (const name of new Set(signed)) approvers.add(name);
    const owner = snapshot.agents[record.agent]?.owner;
    if (owner !== undefined) owners.add(owner);
    const path = tool.definition.sensitive?.["recipient"];
    const recipient = path === undefined ? undefined : readAt(path, record.arguments);
    if (typeof recipient === "string") recipients.add(recipient.slice(0, 200));
  }
  return { approvers: approvers.list(), owners: owners.list(), recipients: recipients.list() };
}

function createTally(): { add: (name: string) => void; list: () => { name: string; actions: number }[] } {
  const counts = new Map<string, number>();
  return {
    add: (name) => void counts.set(name, (counts.get(name) ?? 0) + 1),
    list: () =>
      [...counts]
        .map(([name, actions]) => ({ name, actions }))
        .toSorted((a, b) => b.actions - a.actions || (a.name < b.name ? -1 : 1)),
  };
}
