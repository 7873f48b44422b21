/** Arguments that come from the claim of the person on whose behalf an agent acts, and never from the agent. */
import type { Json, JsonObject, OnBehalfOf, Reason } from "@airworthy/contract";

import { canonicalJson } from "../canonical.ts";

export type Filled = { readonly arguments: JsonObject; readonly problems: readonly Reason[] };

/** `person` names the person; anything else is an attribute. One value is filled in as itself, several as a list. */
export function fillFromClaim(
  args: JsonObject,
  from: Readonly<Record<string, string>> | undefined,
  onBehalfOf: OnBehalfOf | undefined,
): Filled {
  if (from === undefined) return { arguments: args, problems: [] };
  const problems: Reason[] = [];
  const filled = new Map<string, Json>(
    Object.entries(args).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  for (const [name, attribute] of Object.entries(from)) {
    const value = onBehalfOf && valueOf(onBehalfOf, attribute);
    if (value === undefined) problems.push(missing(name, attribute, onBehalfOf));
    else if (filled.has(name) && canonicalJson(filled.get(name) ?? null) !== canonicalJson(value))
      problems.push(given(name));
    else filled.set(name, value);
  }
  return { arguments: Object.fromEntries(filled), problems };
}

function valueOf({ person, attributes }: OnBehalfOf, attribute: string): Json | undefined {
  if (attribute === "person") return person;
  const values = Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined;
  // A source cannot be asked for "all" by a value.
  if (values === undefined || values.length === 0 || values.includes("*")) return undefined;
  return values.length === 1 ? values[0] : [...values];
}

function missing(name: string, attribute: string, onBehalfOf: OnBehalfOf | undefined): Reason {
  const why = onBehalfOf
    ? `the claim of ${onBehalfOf.person} has no ${attribute}`
    : "this call is on behalf of nobody that is known";
  return {
    code: "person_required",
    effect: "deny",
    detail: `Argument ${name} is filled from a person's claim, and ${why}.`,
  };
}

const given = (name: string): Reason => ({
  code: "claim_argument",
  effect: "deny",
  detail: `Argument ${name} is filled from the person's claim; leave it out.`,
});
