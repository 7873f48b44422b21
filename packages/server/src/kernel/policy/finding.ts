/** Makes findings about policies, and the nearest known name for a misspelt one. */
import type { Finding } from "@airworthy/contract";

import { placeWithin } from "./policy-text.ts";
import type { Place } from "./policy-text.ts";

export type Complaint = { readonly code: string; readonly message: string; readonly hint?: string | undefined };

/** Where a finding points: a stretch of one policy's text, offsets in UTF-16 units. */
export type Stretch = Place & {
  readonly file: string;
  readonly text: string;
  readonly start?: number;
  readonly end?: number;
};

/** Every finding about a policy is an error: a bundle with any finding is not loaded. */
export function findingAt(where: Stretch, complaint: Complaint): Finding {
  const start = where.start ?? 0;
  const place = placeWithin(where, where.text, start);
  return {
    code: complaint.code,
    severity: "error",
    file: where.file,
    line: place.line,
    column: place.column,
    length: Math.max(0, (where.end ?? firstLineEnd(where.text)) - start),
    message: complaint.message,
    ...(complaint.hint === undefined ? {} : { hint: complaint.hint }),
  };
}

function firstLineEnd(text: string): number {
  const at = text.search(/[\r\n]/u);
  return at === -1 ? text.length : at;
}

/** The known name closest to `name` (Levenshtein), if it is close enough to be what was meant. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.ceil(name.length / 4)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = countEdits(name, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function countEdits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
