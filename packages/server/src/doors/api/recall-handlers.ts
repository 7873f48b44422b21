/** Operations on recalls: plan, start, follow, go on, cancel, and what they leave to people. */
import { AirworthyError, type RecallId, type RecallReceipt } from "@airworthy/contract";

import { askRecall } from "../../controlplane/recall/ask-recall.ts";
import type { Control } from "../../kernel/deps.ts";
import type { RecallPlanner } from "../../kernel/recall-planner.ts";
import type { RecallRecords } from "../../kernel/recall-store.ts";
import { readReceipt } from "../../kernel/recall-receipt.ts";
import type { Handlers } from "./handlers.ts";

export type RecallHandlerDeps = {
  readonly control: Control;
  readonly planner: RecallPlanner;
  readonly recalls: RecallRecords;
};
type Names =
  | "planRecall"
  | "startRecall"
  | "listRecalls"
  | "readRecall"
  | "listRecallItems"
  | "resumeRecall"
  | "cancelRecall"
  | "listRecallTasks"
  | "resolveRecallTask"
  | "readRecallReceipt";

const defaultLimit = 100;
const usualTimeMs = 24 * 3_600_000;

export function createRecallHandlers({ control, planner, recalls }: RecallHandlerDeps): Handlers<Names> {
  const read = async (tenant: string, id: RecallId) => {
    const recall = await recalls.read(tenant, id);
    if (!recall) throw noSuchRecall(id);
    return recall;
  };
  return {
    planRecall: ({ selector, choices = {}, expiresInMs = usualTimeMs }, { principal }) =>
      planner.plan(principal.tenant, { selector, choices, expiresInMs, by: principal.name }),
    startRecall: async ({ plan }, { principal }) => {
      const { tenant, name: by } = principal;
      const { snapshot } = await control.view(tenant);
      return recalls.open(tenant, await askRecall({ plan, tenant, by, snapshot }, planner));
    },
    listRecalls: async ({ status, limit = defaultLimit }, { principal }) => ({
      recalls: await recalls.list(principal.tenant, { status, limit }),
    }),
    readRecall: ({ id }, { principal }) => read(principal.tenant, id),
    listRecallItems: async ({ id, state, after = -1, limit = defaultLimit }, { principal }) => {
      await read(principal.tenant, id);
      const items = await recalls.items(principal.tenant, id, { state, after, limit });
      const last = items.at(-1);
      return { items, ...(items.length === limit && last ? { next: last.order } : {}) };
    },
    resumeRecall: ({ id, reason }, { principal }) =>
      recalls.move(principal.tenant, id, { status: "running", by: principal.name, reason }),
    cancelRecall: ({ id, reason }, { principal }) =>
      recalls.move(principal.tenant, id, { status: "cancelled", by: principal.name, reason }),
    listRecallTasks: async ({ recall, owner, open = "true", limit = defaultLimit }, { principal }) => ({
      tasks: await recalls.tasks(principal.tenant, { recall, owner, open: open === "true", limit }),
    }),
    resolveRecallTask: ({ id, outcome, reason }, { principal }) =>
      recalls.resolve(principal.tenant, id, { outcome, by: principal.name, reason }),
    readRecallReceipt: async ({ id }, { principal }) => {
      const { status } = await read(principal.tenant, id);
      const note = await recalls.receipt(principal.tenant, id);
      if (note === undefined) throw noReceipt(id, status);
      const receipt: RecallReceipt = readReceipt(note);
      return { receipt, note };
    },
  };
}

function noSuchRecall(id: RecallId): AirworthyError {
  return new AirworthyError("not_found", `There is no recall ${id}.`, {
    place: "$.id",
    fix: "Take the id from GET /v1/recalls.",
  });
}

function noReceipt(id: RecallId, status: string): AirworthyError {
  return new AirworthyError("conflict", `Recall ${id} is ${status} and not yet accounted for: it has no receipt.`, {
    place: "$.id",
    fix: "Ask again when everything in it is settled.",
  });
}
