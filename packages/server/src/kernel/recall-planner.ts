/** The port to the planner: from where a recall starts to everything that relied on it, as it is now. */
import type { RecallChoices, RecallPlan, RecallSelector } from "@airworthy/contract";

export type RecallRequest = { readonly selector: RecallSelector; readonly choices: RecallChoices; readonly by: string };
export type RecallPlanner = { readonly plan: (tenant: string, request: RecallRequest) => Promise<RecallPlan> };
