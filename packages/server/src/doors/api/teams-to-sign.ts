/** For which team a person signs: where there is a choice, for one that leaves the others to somebody else. */
import type { Approval, Snapshot } from "@airworthy/contract";

import { canSeatAll } from "../../kernel/can-seat-all.ts";

/** The open teams of which this person is a member, first those after whose signature the rest can still be completed. */
export function teamsToSign(
  person: string,
  { approvers, signOffs, notBy = [] }: Pick<Approval, "approvers" | "signOffs" | "notBy">,
  teams: Snapshot["teams"],
): readonly string[] {
  const open = approvers.filter((team) => !signOffs.some((signOff) => signOff.team === team));
  const spent = new Set([person, ...notBy, ...signOffs.map((signOff) => signOff.by)]);
  const membersOf = (team: string): readonly string[] => (Object.hasOwn(teams, team) ? teams[team]?.members : []) ?? [];
  const leftOf = (team: string): readonly string[] => membersOf(team).filter((member) => !spent.has(member));
  const blocks = (mine: string): number =>
    Number(
      !canSeatAll(
        open.filter((team) => team !== mine),
        leftOf,
      ),
    );
  return open.filter((team) => membersOf(team).includes(person)).toSorted((a, b) => blocks(a) - blocks(b));
}
