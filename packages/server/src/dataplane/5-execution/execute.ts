/** Room 5. Do exactly what the permit covers, once, or say honestly that nobody knows whether it was done. */
import type { Outcome, PermittedAction } from "../../kernel/action-walk.ts";
import type { Deps, Sink } from "../../kernel/deps.ts";
import { concludeCall } from "./conclude.ts";

export async function execute(
  action: PermittedAction,
  deps: Pick<Deps, "clock" | "redeemer" | "connectors" | "observations">,
): Promise<Outcome> {
  const { tool } = action.context;
  if (!tool) return { status: "refused" };
  const redemption = await deps.redeemer.redeemPermit(action);
  if (!redemption.redeemed) return { status: "conflict", conflict: redemption.conflict };
  const sink = sinkOf(action);
  const call = {
    tenant: action.tenant,
    snapshot: action.view.snapshot,
    tool,
    arguments: action.arguments,
    idempotencyKey: redemption.idempotencyKey,
    timeoutMs: tool.timeoutMs,
    dispatchBeforeMonoMs: redemption.dispatchBeforeMonoMs,
    ...(sink ? { sink } : {}),
    ...(action.protocol ? { protocol: action.protocol } : {}),
  };
  const caller = { action, mask: action.judgement.obligations.mask ?? [] };
  return concludeCall(caller, await deps.connectors.call(call), { call, deps });
}

/** A caller who goes away ends a read. A write goes on to its end: half an effect helps nobody. */
function sinkOf({ sink, context }: PermittedAction): Sink | undefined {
  if (!sink || context.tool?.effect === "read") return sink;
  return { notify: sink.notify, signal: new AbortController().signal };
}
