/** Whether what an interrupted action rests on is still so: looked up afresh, since its own reads have aged meanwhile. */
import type { FactUsed, GovernedTool } from "@airworthy/contract";

import type { StoredAction } from "../kernel/action-store.ts";
import type { ControlView } from "../kernel/action-walk.ts";
import { canonicalJson } from "../kernel/canonical.ts";
import { groundFacts } from "./1-context/freshness.ts";
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
  const given = { tenant, snapshot, agent, tool, arguments: claimed.arguments, onBehalfOf };
  const { judged } = await deps.data.prepare(given);
  const walking = { ...claimed, arguments: judged };
  const now = await groundFacts(walking, { tool, before: Promise.resolve(), afresh: true }, deps);
  return now.problems.length === 0 && valuesOf(now.facts) === valuesOf(action.record.facts);
}

const valuesOf = (facts: readonly FactUsed[]): string =>
  canonicalJson(facts.map(({ fact, key, value }) => [fact, key, value]));
