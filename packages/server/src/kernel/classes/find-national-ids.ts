/** National identity numbers in a text, each checked as its state computes it. */
import { contextOf } from "./context-of.ts";
import { nationalIds } from "./national-ids.ts";
import type { Span } from "./span.ts";
import type { Zone } from "./zones.ts";

export function findNationalIds(text: string, zones: readonly Zone[], field: string): Span[] {
  return zones.flatMap((zone) =>
    nationalIds.flatMap(({ country, written, check, context }) =>
      [...zone.text.matchAll(written)].flatMap((match) => {
        const from = zone.from + match.index;
        const id = match[0].replaceAll(/[\s.-]/g, "").toUpperCase();
        if (
          isLetterAt(text, from - 1) ||
          isPartOfNumber(zone.text, match) ||
          !check(country === "FI" ? match[0].toUpperCase() : id)
        )
          return [];
        if (context && !context.test(contextOf(text, from, field))) return [];
        return [{ class: `pii.national_id.${country.toLowerCase()}`, from, to: from + match[0].length }];
      }),
    ),
  );
}

/** A zone begins within a long word. */
const isLetterAt = (text: string, at: number): boolean => /[A-Za-z]/.test(text[at] ?? "");

/** A dash, a dot or a slash with a digit beyond it makes it a part of something longer. */
function isPartOfNumber(text: string, match: RegExpMatchArray): boolean {
  const from = match.index ?? 0;
  return (
    /\d[-./+]$/.test(text.slice(Math.max(0, from - 2), from)) || /^[-./]\d/.test(text.slice(from + match[0].length))
  );
}
