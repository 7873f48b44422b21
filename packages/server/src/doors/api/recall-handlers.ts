/** Operations on recalls. */
import type { RecallPlanner } from "../../controlplane/recall/plan-recall.ts";
import type { WalkDeps } from "../../dataplane/walk.ts";
import type { Handlers } from "./handlers.ts";

export type RecallHandlerDeps = {
  readonly walk: Pick<WalkDeps, "control">;
  readonly planner: RecallPlanner;
};

const usualTimeMs = 24 * 3_600_000;

export function createRecallHandlers({ walk, planner }: RecallHandlerDeps): Handlers<"planRecall"> {
  return {
    planRecall: async ({ selector, choices = {}, expiresInMs = usualTimeMs }, { principal }) => {
      const { snapshot } = await walk.control.view(principal.tenant);
      const limits = { fourEyesAbove: [] };
      return planner.plan(principal.tenant, { selector, choices, expiresInMs, by: principal.name, limits, snapshot });
    },
  };
}
