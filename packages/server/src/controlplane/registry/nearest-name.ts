/** Finds the name that somebody probably meant. */

/** The candidate nearest to `wanted`, or undefined when none is near enough to suggest. */
function nearestName(wanted: string, candidates: Iterable<string>): string | undefined {
  const folded = fold(wanted);
  if (folded.length > 128) return undefined;
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of candidates) {
    const distance = editDistance(folded, fold(name));
    const isNear = distance <= Math.max(1, Math.floor(Math.min(folded.length, name.length) / 3));
    if (isNear && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}

/** `did you mean "x"?`, else the names there are when they are few. */
export function suggestName(wanted: string, candidates: Iterable<string>): string | undefined {
  const names = [...candidates];
  const nearest = nearestName(wanted, names);
  if (nearest !== undefined) return `did you mean "${nearest}"?`;
  return names.length > 0 && names.length <= 8 ? `there are: ${names.toSorted().join(", ")}` : undefined;
}

/** max_age, max-age and maxAge are one word to a person. */
function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, "");
}

/** Levenshtein distance with adjacent transpositions (optimal string alignment). */
function editDistance(left: string, right: string): number {
  if (Math.abs(left.length - right.length) > 8) return Number.POSITIVE_INFINITY;
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const isEqual = left[row - 1] === right[column - 1];
      let cost = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (isEqual ? 0 : 1));
      if (row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]) {
        cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, right.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
