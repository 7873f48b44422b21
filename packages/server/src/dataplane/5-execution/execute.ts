/** Room 5. Do exactly what the permit covers, once, or say honestly that nobody knows whether it was done. */
import type { Outcome, PermittedAction } from "../../kernel/action-walk.ts";
import type { Deps, Sink } from "../../kernel/deps.ts";
import { limitAnswer } from "../../kernel/on-behalf/limit-answer.ts";
import { concludeCall } from "./conclude.ts";
import { shieldOutcome } from "./shield-outcome.ts";
import { shieldSink } from "./shield-sink.ts";

export async function execute(
  action: PermittedAction,
  deps: Pick<Deps, "clock" | "redeemer" | "connectors" | "observations" | "data">,
): Promise<Outcome> {
  const { tool } = action.context;
  if (!tool) return { status: "refused" };
  const redemption = await deps.redeemer.redeemPermit(action);
  if (!redemption.redeemed) return { status: "conflict", conflict: redemption.conflict };
  const { tenant, agent, onBehalfOf } = action;
  const { snapshot } = action.view;
  const hearing = { tenant, snapshot, agent, tool };
  const sink = sinkOf(action);
  const shielded = sink && shieldSink(sink, hearing, deps);
  const call = {
    tenant,
    snapshot,
    tool,
    arguments: action.context.sent,
    idempotencyKey: redemption.idempotencyKey,
    timeoutMs: tool.timeoutMs,
    dispatchBeforeMonoMs: redemption.dispatchBeforeMonoMs,
    ...(shielded ? { sink: shielded.sink } : {}),
    ...(action.protocol ? { protocol: action.protocol } : {}),
  };
  const caller = { action, mask: action.judgement.obligations.mask ?? [] };
  const mcp = snapshot.connectors[tool.connector]?.type === "mcp";
  const { answer, leftOut } = limitAnswer(await deps.connectors.call(call), { tool, mcp, onBehalfOf });
  const outcome = await concludeCall(caller, answer, { call, deps });
  await shielded?.told();
  return shieldOutcome(outcome, { ...hearing, leftOut, told: shielded?.uses() ?? [] }, deps);
}

/** A caller who goes away ends a read. A write goes on to its end: half an effect helps nobody. */
function sinkOf({ sink, context }: PermittedAction): Sink | undefined {
  if (!sink || context.tool?.effect === "read") return sink;
  return { notify: sink.notify, signal: new AbortController().signal };
}
