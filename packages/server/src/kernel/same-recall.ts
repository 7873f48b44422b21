/** Whether a recall plan still says what would be planned now: same actions, same reasons, same calls to take them back. */
import { AirworthyError, type Json, type RecallPlan } from "@airworthy/contract";

import { canonicalJson, sha256Hex } from "./canonical.ts";
import type { RecallPlanner } from "./recall-planner.ts";

/** What is planned anew must be word for word what people are asked about, or were. */
const parts = ["selector", "choices", "limits", "groups", "items", "picture"] as const satisfies (keyof RecallPlan)[];

/** @throws AirworthyError `invalid_input` when the plan is not as it was written. */
export function checkPlanDigest(plan: RecallPlan): void {
  const { digest, ...rest } = plan;
  if (sha256Hex(canonicalJson(toJson(rest))) === digest) return;
  throw new AirworthyError("invalid_input", "The plan was changed after it was made: its digest does not fit.", {
    place: "$.plan.digest",
    fix: "Make the plan again with `airworthy recall plan`, and start it as it is.",
  });
}

/** The first part of the plan that would come out otherwise now, or undefined. */
export async function findMoved(planner: RecallPlanner, plan: RecallPlan): Promise<string | undefined> {
  const { selector, choices, madeBy: by } = plan;
  const now = await planner.plan(plan.tenant, { selector, choices, by });
  return parts.find((part) => canonicalJson(toJson(now[part])) !== canonicalJson(toJson(plan[part])));
}

function toJson(value: unknown): Json {
  const copy: Json = JSON.parse(JSON.stringify(value));
  return copy;
}
