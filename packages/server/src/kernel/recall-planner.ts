/** The port to the planner: from where a recall starts to everything that relied on it, as it is now. */
import type { RecallChoices, RecallPlan, RecallSelector } from "@airworthy/contract";

export type RecallWish = {
  readonly selector: RecallSelector;
  readonly choices: RecallChoices;
  readonly expiresInMs: number;
  readonly by: string;
};
export type RecallPlanner = {
  /** Changes nothing. @throws AirworthyError `too_large`, or `not_found` for an action that is not there. */
  readonly plan: (tenant: string, wish: RecallWish) => Promise<RecallPlan>;
  /**
   * Whether a plan may still be carried out: as it was made, in its time, and word for word what would be planned now.
   * @throws AirworthyError `conflict` when it was altered, has expired, or would come out otherwise.
   */
  readonly check: (tenant: string, plan: RecallPlan) => Promise<void>;
};
