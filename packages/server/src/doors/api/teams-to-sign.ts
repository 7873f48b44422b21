/** For which team a person signs: where there is a choice, for one that leaves the others to somebody else. */
import type { Approval, Snapshot } from "@airworthy/contract";

/** The open teams of which this person is a member, first those after whose signature the rest can still be completed. */
export function teamsToSign(
  person: string,
  { approvers, signOffs }: Pick<Approval, "approvers" | "signOffs">,
  teams: Snapshot["teams"],
): readonly string[] {
  const open = approvers.filter((team) => !signOffs.some((signOff) => signOff.team === team));
  const spent = new Set([person, ...signOffs.map((signOff) => signOff.by)]);
  const membersOf = (team: string): readonly string[] => (Object.hasOwn(teams, team) ? teams[team]?.members : []) ?? [];
  const leftOf = (team: string): readonly string[] => membersOf(team).filter((member) => !spent.has(member));
  const blocks = (mine: string): number =>
    Number(
      !canBeSeated(
        open.filter((team) => team !== mine),
        leftOf,
      ),
    );
  return open.filter((team) => membersOf(team).includes(person)).toSorted((a, b) => blocks(a) - blocks(b));
}

/** Whether every team finds a person of its own. @see Kuhn's algorithm for bipartite matching. */
function canBeSeated(teams: readonly string[], candidatesOf: (team: string) => readonly string[]): boolean {
  const seated = new Map<string, string>();
  const seat = (team: string, asked: Set<string>): boolean =>
    candidatesOf(team).some((person) => {
      if (asked.has(person)) return false;
      asked.add(person);
      const before = seated.get(person);
      if (before !== undefined && !seat(before, asked)) return false;
      seated.set(person, team);
      return true;
    });
  return teams.every((team) => seat(team, new Set()));
}
