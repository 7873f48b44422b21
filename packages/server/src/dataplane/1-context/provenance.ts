/** Provenance: where each argument came from. The task and what was read decide; how a call looks does not. */
import type { GovernedTool, ValueOrigin } from "@airworthy/contract";

import type { ProposedAction } from "../../kernel/action-walk.ts";
import type { Deps } from "../../kernel/deps.ts";
import { type AskedValue, listAskedValues } from "../../kernel/provenance/asked-values.ts";
import { classifyValues } from "../../kernel/provenance/classify.ts";

/** Of every write, and of a read that names sensitive arguments: where it looks may be chosen by an outsider too. */
export async function traceProvenance(
  action: ProposedAction,
  tool: GovernedTool,
  { values }: Pick<Deps, "values">,
): Promise<readonly ValueOrigin[]> {
  const { sensitive } = tool.definition;
  if (tool.effect === "read" && sensitive === undefined) return [];
  const asked = listAskedValues(action.arguments, sensitive);
  if (asked.values.length === 0 && !asked.more) return [];
  if (action.recall) return asked.values.map(signedFor);
  const every: AskedValue[] = asked.values.flatMap((one) => [one, ...one.parts]);
  const { tenant, agent: principal, run } = action;
  return classifyValues(asked, await values.look({ tenant, principal, run }, every));
}

/** What takes an action back has the arguments that people saw in the plan and signed for. */
const signedFor = ({ argument, sensitive }: AskedValue): ValueOrigin => ({
  argument,
  ...(sensitive === undefined ? {} : { sensitive }),
  from: "prompt",
  match: "exact",
});
