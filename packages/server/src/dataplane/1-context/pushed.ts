/** What a source has pushed of a fact: an agent that read it before believes something older. */
import type { RestsOn } from "@airworthy/contract";

import type { Observation, ProposedAction } from "../../kernel/action-walk.ts";
import type { Deps } from "../../kernel/deps.ts";
import { newId } from "../../kernel/ids.ts";
import { type Claim, overtakes } from "../../kernel/overtakes.ts";
import { isIngesting } from "../../kernel/is-ingesting.ts";

type Need = { readonly rule: RestsOn; readonly key: string };

/** Whether pushes are asked for this fact at all. What is limited to a person may have been pushed for another one. */
export function mayBePushed(
  { view }: ProposedAction,
  { lookup }: RestsOn,
  { options }: Pick<Deps, "options">,
): boolean {
  const { tools, connectors } = view.snapshot;
  return (
    options.freshness &&
    tools[lookup.tool]?.definition.rows === undefined &&
    Object.values(connectors).some(isIngesting)
  );
}

/** The newest pushed value as this agent would observe it; undefined where nothing pushes. */
export async function readPushed(
  action: ProposedAction,
  { rule, key }: Need,
  deps: Pick<Deps, "observations" | "options">,
): Promise<Observation | undefined> {
  if (!mayBePushed(action, rule, deps)) return undefined;
  const pushed = await deps.observations.pushed(action.tenant, { fact: rule.fact, key });
  if (!pushed) return undefined;
  const { receivedAt, asOf = receivedAt, value, source, version, batch } = pushed;
  return {
    id: newId("obs"),
    fact: rule.fact,
    key,
    value,
    valueDigest: await deps.observations.digest(action.tenant, value),
    source,
    ...(version === undefined ? {} : { sourceVersion: version }),
    asOf,
    fetchedAt: receivedAt,
    principal: action.agent,
    run: action.run,
    batch,
  };
}

/** Whether it says something else, and later or of the same moment: then the other is outdated, however young. */
export function outdates(pushed: Observation | undefined, other: Observation): pushed is Observation {
  return pushed !== undefined && overtakes(claimOf(pushed), claimOf(other)) !== undefined;
}

/** Whether it says something else of the very moment that the other states: then neither can be relied on. */
export function contradicts(pushed: Observation | undefined, other: Observation): pushed is Observation {
  return pushed !== undefined && overtakes(claimOf(pushed), claimOf(other)) === "same_moment";
}

const claimOf = ({ value, asOf, fetchedAt }: Observation): Claim => ({
  value,
  asOf: asOf ?? fetchedAt,
  isStated: asOf !== undefined && asOf !== fetchedAt,
});
