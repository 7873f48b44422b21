/** Says in plain sentences what one snapshot changes in another, loss of control first. */
import type { Change, Snapshot } from "@airworthy/contract";

import { diffAgents } from "./diff-agents.ts";
import { diffBudgets } from "./diff-budgets.ts";
import { diffContracts } from "./diff-contracts.ts";
import type { Consequence } from "./diff-entries.ts";
import { diffData } from "./diff-data.ts";
import { diffPeople } from "./diff-people.ts";
import { diffPolicies } from "./diff-policies.ts";
import { diffTools } from "./diff-tools.ts";

type Content = Omit<Snapshot, "version">;

const weights: Readonly<Record<Consequence["control"], number>> = { less: 0, same: 1, more: 2 };
const groups: readonly Change["group"][] = ["agents", "tools", "policies", "budgets", "sources", "people", "data"];

/** Empty when the two say the same. First what lets agents do more, then what is merely different, then what binds. */
export function diffSnapshots(from: Content, to: Content): Change[] {
  const all = [
    ...diffAgents(from, to),
    ...diffTools(from, to),
    ...diffPolicies(from.policies, to.policies),
    ...diffBudgets(from.budgets, to.budgets),
    ...diffContracts(from.contracts, to.contracts),
    ...diffPeople(from, to),
    ...diffData(from, to),
  ];
  return all
    .toSorted(
      (left, right) =>
        weights[left.control] - weights[right.control] ||
        groups.indexOf(left.change.group) - groups.indexOf(right.change.group) ||
        left.change.name.localeCompare(right.change.name, "en"),
    )
    .map(({ change }) => change);
}
