/** Whether what an interrupted action rests on is still so: looked up afresh, since its own reads have aged meanwhile. */
import type { GovernedTool } from "@airworthy/contract";

import type { StoredAction } from "../kernel/action-store.ts";
import type { ControlView } from "../kernel/action-walk.ts";
import { canonicalJson } from "../kernel/canonical.ts";
import { lookUpFact } from "./1-context/lookup.ts";
import { claimedFrom, type WalkDeps } from "./walk.ts";

/** False as soon as one fact cannot be read or reads otherwise than when the action was judged. */
export async function factsHold(
  action: StoredAction,
  { tool, view }: { readonly tool: GovernedTool; readonly view: ControlView },
  deps: WalkDeps,
): Promise<boolean> {
  if (!deps.options.freshness) return true;
  const claimed = { ...claimedFrom(action), view };
  const { tenant, agent, onBehalfOf } = claimed;
  const { snapshot } = view;
  const prepared = await deps.data.prepare({
    tenant,
    snapshot,
    agent,
    tool,
    arguments: claimed.arguments,
    onBehalfOf,
  });
  const walking = { ...claimed, arguments: prepared.judged };
  const held = await Promise.all(
    (tool.definition.rests_on ?? []).map(async (rule) => {
      const judged = action.record.facts.find((fact) => fact.fact === rule.fact);
      if (!judged) return false;
      const now = await lookUpFact(walking, { rule, key: judged.key }, deps);
      return !("effect" in now) && canonicalJson(now.value) === canonicalJson(judged.value);
    }),
  );
  return held.every(Boolean);
}
