/** What a source has pushed of a fact: an agent that read it before believes something older. */
import type { RestsOn } from "@airworthy/contract";

import type { Observation, ProposedAction } from "../../kernel/action-walk.ts";
import { canonicalJson } from "../../kernel/canonical.ts";
import type { Deps } from "../../kernel/deps.ts";
import { newId } from "../../kernel/ids.ts";
import { isIngesting } from "../../kernel/is-ingesting.ts";

type Need = { readonly rule: RestsOn; readonly key: string };

/** The newest pushed value as this agent would observe it; undefined where nothing pushes. */
export async function readPushed(
  action: ProposedAction,
  { rule, key }: Need,
  deps: Pick<Deps, "observations" | "options">,
): Promise<Observation | undefined> {
  if (!deps.options.freshness || !Object.values(action.view.snapshot.connectors).some(isIngesting)) return undefined;
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

/** Whether it says something else, and later: then the other is outdated, however young. */
export function outdates(pushed: Observation | undefined, other: Observation): pushed is Observation {
  if (!pushed || canonicalJson(pushed.value) === canonicalJson(other.value)) return false;
  return (pushed.asOf ?? pushed.fetchedAt) > (other.asOf ?? other.fetchedAt);
}
