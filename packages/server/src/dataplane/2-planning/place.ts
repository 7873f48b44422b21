/** Room 2. Where does this action stand among the others: is it going in circles, what does it draw on? */
import type { BudgetDocument } from "@airworthy/contract";

import type { GroundedAction, PlannedAction } from "../../kernel/action-walk.ts";
import { budgetWindow } from "../../kernel/budget-window.ts";
import type { Deps } from "../../kernel/deps.ts";

export async function placeInPlan(
  action: GroundedAction,
  deps: Pick<Deps, "clock" | "surroundings">,
): Promise<PlannedAction> {
  const { context } = action;
  if (context.problems.length > 0) return { ...action, step: { repeats: 0, budgets: [] } };
  const budgets = budgetsOf(action).map((budget) => ({
    ...budget,
    window: budgetWindow(budget.per, deps.clock.now()),
  }));
  const { recall } = action;
  const [standing, recallRuns] = await Promise.all([
    deps.surroundings.standing(action.tenant, { action: action.id, callDigest: action.callDigest, budgets }),
    recall && deps.surroundings.recallRuns(action.tenant, recall.recall),
  ]);
  return {
    ...action,
    step: {
      repeats: standing.repeats,
      ...(recallRuns === undefined ? {} : { recallRuns }),
      budgets: budgets.map(({ name, window, limit }, index) => ({
        name,
        window,
        usedMinor: standing.usedMinor[index] ?? 0,
        limitMinor: limit.minor,
        currency: limit.currency,
      })),
    },
  };
}

function budgetsOf({ agent, tool, view, context }: GroundedAction): BudgetDocument[] {
  if (!context.amount) return [];
  return Object.values(view.snapshot.budgets).filter(
    (budget) => budget.tools.includes(tool) && (budget.agents?.includes(agent) ?? true),
  );
}
