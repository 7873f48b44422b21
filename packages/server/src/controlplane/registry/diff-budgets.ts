/** Compares budgets: limits, windows, and whose actions they count. */
import type { BudgetDocument, Snapshot } from "@airworthy/contract";

import { compareLists, kindOf, listNames, pairUp, showMoney } from "./diff-entries.ts";
import type { Consequence, Pair } from "./diff-entries.ts";

type Say = (control: Consequence["control"], detail: string) => void;

export function diffBudgets(from: Snapshot["budgets"], to: Snapshot["budgets"]): Consequence[] {
  return pairUp(from, to).flatMap((pair) => {
    const found: Consequence[] = [];
    describe(pair, (control, detail) => {
      const change = {
        group: "budgets",
        kind: kindOf(pair),
        name: pair.name,
        detail: `budget ${pair.name} ${detail}`,
      } as const;
      found.push({ control, change });
    });
    return found;
  });
}

function describe({ was, is }: Pair<BudgetDocument>, say: Say): void {
  if (is === undefined) return say("less", `of ${was === undefined ? "nothing" : showLimit(was)} is removed`);
  if (was === undefined) return say("more", `is new: ${showLimit(is)} for ${listNames(is.tools)}`);
  describeLimit(was, is, say);
  const tools = compareLists(was.tools, is.tools);
  if (tools.gained.length > 0) say("more", `now counts ${listNames(tools.gained)}`);
  if (tools.lost.length > 0) say("less", `no longer counts ${listNames(tools.lost)}`);
  const [before, after] = [showAgents(was), showAgents(is)];
  if (before !== after) say(is.agents === undefined ? "more" : "less", `now holds for ${after} (was ${before})`);
}

function describeLimit(was: BudgetDocument, is: BudgetDocument, say: Say): void {
  const [before, after] = [was.limit, is.limit];
  if (before.currency !== after.currency || was.per !== is.per) {
    return say("same", `changed from ${showLimit(was)} to ${showLimit(is)}`);
  }
  if (before.minor === after.minor) return;
  const isRaised = after.minor > before.minor;
  const amounts = `from ${showMoney(before.minor, before.currency)} to ${showMoney(after.minor, after.currency)}`;
  say(isRaised ? "less" : "more", `${isRaised ? "raised" : "lowered"} ${amounts}`);
}

function showLimit({ limit, per }: BudgetDocument): string {
  return `${showMoney(limit.minor, limit.currency)} per ${per}`;
}

function showAgents({ agents }: BudgetDocument): string {
  return agents === undefined ? "all agents" : listNames(agents);
}
