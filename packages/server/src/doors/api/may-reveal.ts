/** Whether somebody's roles may turn tokens of a class into their values. */
import type { Scope, Snapshot } from "@airworthy/contract";

import type { Principal } from "../../kernel/action-walk.ts";
import { coversClass } from "../../kernel/classes/covers-class.ts";

const byDefault: readonly Scope[] = ["admin"];

/** Of the documents about the class and those above it, the closest that says who may; without one, administrators. */
export function mayReveal(
  { scopes, kind }: Pick<Principal, "scopes" | "kind">,
  dataClass: string,
  documents: Snapshot["dataClasses"],
): boolean {
  const closest = Object.values(documents)
    .filter((document) => document.reveal !== undefined && coversClass(document.name, dataClass))
    .toSorted((one, other) => other.name.length - one.name.length)[0];
  const roles: readonly Scope[] = closest?.reveal ?? byDefault;
  return kind !== "agent" && scopes.some((scope) => roles.includes(scope));
}
