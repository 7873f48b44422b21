/** Sums of a plan: actions and amounts of each group, and the people it concerns. */
import type {
  GovernedTool,
  Json,
  RecallAmount,
  RecallChoices,
  RecallGroup,
  RecallItem,
  RecallPeople,
  RecallPlan,
  Snapshot,
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

/** Approvers by name, owners of the agents, and whom a tool tells: its `notice.to`, or its `sensitive.recipient`. */
export function countPeople(
  actions: readonly RecalledAction[],
  snapshots: ReadonlyMap<number, Snapshot>,
): RecallPeople {
  const [approvers, owners, recipients] = [createTally(), createTally(), createTally()];
  for (const action of actions) {
    const concerned = concernedBy(action, snapshots);
    for (const name of concerned.approvers) approvers.add(name);
    for (const name of concerned.owners) owners.add(name);
    for (const name of concerned.recipients) recipients.add(name);
  }
  return { approvers: approvers.list(), owners: owners.list(), recipients: recipients.list() };
}

type Concerned = Record<keyof RecallPeople, Iterable<string>>;

function concernedBy(
  { record, effect, approvers }: RecalledAction,
  snapshots: ReadonlyMap<number, Snapshot>,
): Concerned {
  const snapshot = effect && snapshots.get(effect.snapshotVersion);
  const tool = snapshot?.tools[record.tool];
  if (!snapshot || !tool || tool.effect === "read") return { approvers: [], owners: [], recipients: [] };
  const owner = snapshot.agents[record.agent]?.owner;
  const recipient = recipientOf(record.arguments, tool);
  return {
    approvers: new Set(approvers),
    owners: owner === undefined ? [] : [owner],
    recipients: typeof recipient === "string" ? [recipient.slice(0, 200)] : [],
  };
}

function recipientOf(args: RecalledAction["record"]["arguments"], { definition }: GovernedTool): Json | undefined {
  const path = definition.notice?.to ?? definition.sensitive?.["recipient"];
  return path === undefined ? undefined : readAt(path, args);
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
