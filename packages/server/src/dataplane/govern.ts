/**
 * The corridor: one action, six rooms, in order. Read this file first.
 *
 * Rooms 1 to 4 change nothing in the world, so an action that waited for a person simply walks again:
 * its facts are looked at afresh, stops and budgets apply again, and the approval holds only if nothing it rests on changed.
 */
import type { FinishedAction, ProposedAction } from "../kernel/action-walk.ts";
import type { Deps } from "../kernel/deps.ts";
import { assembleContext } from "./1-context/assemble.ts";
import { placeInPlan } from "./2-planning/place.ts";
import { decide } from "./3-checkpoint/decide.ts";
import { authorize } from "./4-oversight/authorize.ts";
import { execute } from "./5-execution/execute.ts";
import { record } from "./6-feedback/record.ts";

export async function govern(proposed: ProposedAction, deps: Deps): Promise<FinishedAction> {
  const grounded = await assembleContext(proposed, deps);
  const planned = await placeInPlan(grounded, deps);
  const judged = await decide(planned, deps);
  const answer = await authorize(judged, deps);
  const outcome = "permit" in answer ? await execute(answer, deps) : answer.outcome;
  return record({ ...answer, outcome }, deps);
}
