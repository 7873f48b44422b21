/** Refusals that say "not now" rather than "no", of whatever kind of system: nothing was done, and the same call may succeed later. */
export const passingRefusals: ReadonlySet<string> = new Set([
  "upstream_busy",
  "upstream_timeout",
  "upstream_broken",
  "upstream_error",
]);
