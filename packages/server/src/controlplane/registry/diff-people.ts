/** Compares people and teams: who may do what, and who may approve. */
import type { PersonDocument, Snapshot, TeamDocument } from "@airworthy/contract";

import { compareLists, kindOf, listNames, pairUp } from "./diff-entries.ts";
import type { Consequence, Pair } from "./diff-entries.ts";

type Content = Pick<Snapshot, "people" | "teams">;
type Say = (control: Consequence["control"], detail: string) => void;

export function diffPeople(from: Content, to: Content): Consequence[] {
  const found: Consequence[] = [];
  const sayOf =
    (pair: Pair<unknown>): Say =>
    (control, detail) =>
      found.push({ control, change: { group: "people", kind: kindOf(pair), name: pair.name, detail } });
  for (const pair of pairUp(from.people, to.people)) describePerson(pair, sayOf(pair));
  for (const pair of pairUp(from.teams, to.teams)) describeTeam(pair, sayOf(pair));
  return found;
}

function describePerson({ name, was, is }: Pair<PersonDocument>, say: Say): void {
  if (is === undefined) return say("more", `${name} is removed and may do nothing here`);
  if (was === undefined) return say("less", `${name} is new: ${listNames(is.roles)}`);
  const { gained, lost } = compareLists(was.roles, is.roles);
  if (gained.length > 0) say("less", `${name} is now ${listNames(gained)}`);
  if (lost.length > 0) say("more", `${name} is no longer ${listNames(lost)}`);
  if (was.email !== is.email) say("same", `${name} has another e-mail address`);
}

function describeTeam({ name, was, is }: Pair<TeamDocument>, say: Say): void {
  if (is === undefined) return say("more", `team ${name} is removed; nobody can approve for it`);
  if (was === undefined) return say("less", `team ${name} is new: ${listNames(is.members)} may approve for it`);
  const { gained, lost } = compareLists(was.members, is.members);
  for (const person of gained) say("less", `${person} may now approve for ${name}`);
  for (const person of lost) say("more", `${person} may no longer approve for ${name}`);
}
