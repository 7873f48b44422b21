/** How long an effect may be under way: what its walker has, and what recovery must wait out. Milliseconds. */
import type { GovernedTool, Snapshot } from "@airworthy/contract";

/** A request must leave within this time of asking for leave, or not at all. */
export const dispatchWindowMs = 2000;
/** How long a walk may take before redemption; past it the action counts as interrupted. */
export const walkLeaseMs = 30_000;
/** Recovery repeats, probes, pauses and probes again, each under its own limit; nobody else may take it up meanwhile. */
export const recoveryLeaseMs = 120_000;

const graceMs = 3000;
const settleMinMs = 3000;
const settleMaxMs = 10_000;

/** A probe's "not there" is believed only after the upstream has had this much longer for what it was sent. */
export function settlePauseMs(callTimeoutMs: number): number {
  return Math.min(settleMaxMs, Math.max(settleMinMs, callTimeoutMs));
}

/** The call, its repeat under the same key, and the two looks of its probe with the pause between them. */
export function effectLeaseMs(tool: GovernedTool, snapshot: Snapshot): number {
  const { probe } = tool.definition;
  const probeMs = probe ? 2 * (snapshot.tools[probe.tool]?.timeoutMs ?? 0) + settlePauseMs(tool.timeoutMs) : 0;
  return dispatchWindowMs + 2 * tool.timeoutMs + probeMs + graceMs;
}
