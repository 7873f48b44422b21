/** Whether every team finds a person of its own. @see Kuhn's algorithm for bipartite matching. */
export function canSeatAll(teams: readonly string[], candidatesOf: (team: string) => readonly string[]): boolean {
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
