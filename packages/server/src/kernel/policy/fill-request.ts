/** A recorded request, with what recordings of its time did not have yet filled in as if nothing had been there. */
import { summariseClasses, summarisePerson } from "../classes/summarise-classes.ts";
import { untouched } from "../entities/summarise.ts";
import { untraced } from "../provenance/summarise.ts";
import type { PolicyEnv, PolicyRequest } from "./request-context.ts";

type Later = "provenance" | "entity" | "classes" | "person";
/** What the ledger holds: parts of `context.env` that came later may be missing. */
export type RecordedRequest = Omit<PolicyRequest, "env"> & {
  readonly env: Omit<PolicyEnv, Later> & Partial<Pick<PolicyEnv, Later>>;
};

/** `facets`: the names that the tool declares now. For looking back only: a live request must bring everything itself. */
export function fillRequest(request: RecordedRequest, facets: readonly string[]): PolicyRequest {
  const paths = facets.map((name) => [name, { path: `$.${name}`, type: "string" as const }] as const);
  const declared = Object.fromEntries(paths);
  const later: Pick<PolicyEnv, Later> = {
    provenance: untraced(declared),
    entity: untouched,
    classes: summariseClasses([], declared),
    person: summarisePerson(undefined),
  };
  return { ...request, env: { ...later, ...request.env } };
}
