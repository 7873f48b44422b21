/** When a change that is certain is also large enough to keep agents from production. */
import type { FindingKind, ReadinessFinding } from "@airworthy/contract";

import type { FieldTest } from "./field-tests.ts";

/** From these sizes on a finding is severe. A large sample proves tiny changes; certainty alone stops nobody. */
export const severeFrom = {
  /** Percentage points more that are missing; from zero, one is enough. */
  missing: 0.05,
  missingFromNone: 0.01,
  malformed: 0.01,
  unreadable: 0.01,
  quarantined: 0.01,
  unseen: 0.01,
  format: 0.05,
  /** Largest gap between distribution functions, or share of rows that changed their category. */
  drift: 0.1,
  tail_low: 0.01,
  tail_high: 0.01,
} as const;

export function judgeSeverity({ kind, effect, shares }: FieldTest): ReadinessFinding["severity"] {
  const limit = limitOf(kind, shares?.pilot ?? 0);
  return effect >= limit ? "severe" : "notice";
}

function limitOf(kind: FindingKind, before: number): number {
  if (kind === "missing") return before === 0 ? severeFrom.missingFromNone : severeFrom.missing;
  if (kind === "missing_field") return 0;
  return kind === "new_field" ? Number.POSITIVE_INFINITY : severeFrom[kind];
}
