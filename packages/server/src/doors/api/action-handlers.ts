/** Operations on actions: propose, list, read, explain, clear up. */
import { type ActionRecord, AirworthyError, isFinal } from "@airworthy/contract";

import { explainAction } from "../../controlplane/explain/explain-action.ts";
import { findCitations } from "../../controlplane/recall/find-citations.ts";
import { findOrigins } from "../../controlplane/recall/find-origins.ts";
import { propose } from "../../dataplane/propose.ts";
import type { WalkDeps } from "../../dataplane/walk.ts";
import type { StoredAction } from "../../kernel/action-store.ts";
import type { Principal } from "../../kernel/action-walk.ts";
import type { ApprovalStore, LedgerReader } from "../../kernel/control-store.ts";
import type { LineageStore } from "../../kernel/lineage/lineage-reader.ts";
import type { Handlers } from "./handlers.ts";
import { withClasses } from "./with-classes.ts";

export type ActionHandlerDeps = {
  readonly walk: WalkDeps;
  readonly approvals: ApprovalStore;
  readonly ledger: LedgerReader;
  readonly lineage: LineageStore;
};
type Names = "proposeAction" | "listActions" | "readAction" | "explainAction" | "resolveAction";

const defaultLimit = 50;

export function createActionHandlers({ walk, approvals, ledger, lineage }: ActionHandlerDeps): Handlers<Names> {
  const { actions } = walk;
  const read = async (principal: Principal, id: ActionRecord["id"]): Promise<StoredAction> => {
    const found = await actions.read(principal.tenant, id);
    if (found && isVisible(principal, found.record)) return found;
    throw noSuchAction(id);
  };
  return {
    proposeAction: async (proposal, { principal, sink, onDelivered }) => {
      const answer = await propose(principal, { ...proposal, sink }, walk);
      // Having heard "waiting" is not having heard the end, which may come before this is written down.
      if (isFinal(answer.status)) {
        onDelivered(() => void actions.markDelivered(principal.tenant, answer.id).catch(() => undefined));
      }
      return answer;
    },
    listActions: async ({ limit = defaultLimit, ...filter }, { principal }) => {
      const agent = principal.kind === "agent" ? principal.name : filter.agent;
      const found = await actions.list(principal.tenant, { ...filter, agent, limit });
      const last = found.at(-1)?.record;
      const seen = found.filter(({ record }) => isVisible(principal, record));
      const records = seen.map(({ record }) => shownTo(principal, record));
      return { actions: records, ...(found.length === limit && last ? { next: last.id } : {}) };
    },
    readAction: async ({ id }, { principal }) => shownTo(principal, (await read(principal, id)).record),
    explainAction: async ({ id }, { principal }) => {
      const { record } = await read(principal, id);
      const account = await ledger.account(principal.tenant, id);
      if (!account) throw noSuchAction(id);
      const approval = record.approval && (await approvals.read(principal.tenant, record.approval));
      const explained = explainAction(account, approval);
      const { snapshot } = await walk.control.view(principal.tenant);
      const explanation = { ...explained, action: await withClasses(explained.action, { snapshot, principal }, walk) };
      const { action } = explanation;
      const { origins, citations } = await lineage.read(principal.tenant, async (reader) => ({
        origins: await findOrigins(action, reader),
        citations: await findCitations(action, reader),
      }));
      return {
        ...explanation,
        ...(origins.length > 0 ? { origins } : {}),
        ...(citations.length > 0 ? { citations } : {}),
      };
    },
    resolveAction: async ({ id, happened, reason, result }, { principal }) => {
      const { tenant } = principal;
      const { walk: epoch } = await read(principal, id);
      const outcome = happened
        ? { status: "done" as const, result: result ?? null, observations: [] }
        : { status: "failed" as const, code: "not_done", message: `${principal.name}: ${reason}`, retryable: true };
      await actions.settle({ tenant, id, walk: epoch, from: "unknown", outcome, by: principal.name, reason });
      walk.ends.announce(tenant, id);
      return (await read(principal, id)).record;
    },
  };
}

/** To an agent the actions of others do not exist, nor its own for another person: their answers had that person's limits. */
function isVisible({ kind, name, onBehalfOf }: Principal, record: ActionRecord): boolean {
  if (kind !== "agent") return true;
  const isSame = record.onBehalfOf?.person === onBehalfOf?.person && record.onBehalfOf?.issuer === onBehalfOf?.issuer;
  return record.agent === name && isSame;
}

function noSuchAction(id: string): AirworthyError {
  return new AirworthyError("not_found", `There is no action ${id}.`, {
    place: "$.id",
    fix: "Take the id from GET /v1/actions.",
  });
}

/** What an action rested on is for people: it may hold values that a policy hides from the agent. */
function shownTo({ kind }: Principal, record: ActionRecord): ActionRecord {
  if (kind !== "agent") return record;
  const { computed: _, ...rest } = record;
  return { ...rest, facts: [], lineage: [] };
}
