/** Room 6. Write down what happened, whole, before anyone hears of it. */
import type { FinishedAction, SealedReading } from "../../kernel/action-walk.ts";
import type { Deps } from "../../kernel/deps.ts";
import { readAnswer } from "../../kernel/provenance/reading.ts";

export async function record(action: FinishedAction, deps: Pick<Deps, "ledger" | "values">): Promise<FinishedAction> {
  // A conflict is not an end: nothing was done, nothing was said, and the action walks again.
  if (action.outcome.status === "conflict") return action;
  const reading = await sealAnswer(action, deps);
  await deps.ledger.finish(reading ? { ...action, reading } : action);
  return action;
}

/** What the agent is about to hear from the system, kept in the same transaction: it cannot act on it before we know it. */
async function sealAnswer(
  { outcome, context, arguments: args, id, agent, tenant, view }: FinishedAction,
  { values }: Pick<Deps, "values">,
): Promise<SealedReading | undefined> {
  if (!context.tool || (outcome.status !== "done" && outcome.status !== "failed")) return undefined;
  const { name, definition, connector } = context.tool;
  const reading = readAnswer({
    result: outcome.result,
    ...(outcome.status === "failed" ? { message: outcome.message } : {}),
    arguments: args,
    definition,
    mcp: view.snapshot.connectors[connector]?.type === "mcp",
  });
  return reading && values.seal({ tenant, principal: agent, tool: name, readBy: id }, reading);
}
