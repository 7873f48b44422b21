/** Room 6. Write down what happened, whole, before anyone hears of it. */
import type { FinishedAction } from "../../kernel/action-walk.ts";
import type { Deps } from "../../kernel/deps.ts";

export async function record(action: FinishedAction, deps: Pick<Deps, "ledger">): Promise<FinishedAction> {
  // A conflict is not an end: nothing was done, nothing was said, and the action walks again.
  if (action.outcome.status !== "conflict") await deps.ledger.finish(action);
  return action;
}
