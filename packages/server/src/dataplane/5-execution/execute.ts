/** Room 5. Do exactly what the permit covers, once, or say honestly that nobody knows whether it was done. */
import type { Outcome, PermittedAction } from "../../kernel/action-walk.ts";
import type { Deps } from "../../kernel/deps.ts";
import { concludeCall } from "./conclude.ts";

export async function execute(
  action: PermittedAction,
  deps: Pick<Deps, "clock" | "redeemer" | "connectors" | "observations">,
): Promise<Outcome> {
  const { tool } = action.context;
  if (!tool) return { status: "refused" };
  const redemption = await deps.redeemer.redeemPermit(action);
  if (!redemption.redeemed) return { status: "conflict", conflict: redemption.conflict };
  const call = {
    tenant: action.tenant,
    snapshot: action.view.snapshot,
    tool,
    arguments: action.arguments,
    idempotencyKey: redemption.idempotencyKey,
    timeoutMs: tool.timeoutMs,
    dispatchBeforeMonoMs: redemption.dispatchBeforeMonoMs,
    ...(action.sink ? { sink: action.sink } : {}),
    ...(action.protocol ? { protocol: action.protocol } : {}),
  };
  return concludeCall({ action, mask: action.judgement.obligations.mask ?? [] }, await deps.connectors.call(call), {
    call,
    deps,
  });
}
