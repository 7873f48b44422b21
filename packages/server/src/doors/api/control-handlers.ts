/** Operations of the people who run it: approvals, stops, agents, keys, configuration, ledger, health. */
import { type ActionId, AirworthyError, type Approval } from "@airworthy/contract";

import { createConfigPlanner } from "../../controlplane/config/plan-config.ts";
import { walkWaiting, type WalkDeps } from "../../dataplane/walk.ts";
import type { Principal } from "../../kernel/action-walk.ts";
import type {
  Answer,
  ApprovalStore,
  KeyStore,
  LedgerReader,
  SnapshotStore,
  StopStore,
} from "../../kernel/control-store.ts";
import { newId } from "../../kernel/ids.ts";
import type { DataOperation } from "./data-handlers.ts";
import type { Handlers } from "./handlers.ts";
import type { SourceOperation } from "./source-handlers.ts";
import { withClasses } from "./with-classes.ts";
import { warnOfStop } from "./stop-warning.ts";
import type { ReadinessOperation } from "./readiness-handlers.ts";
import { teamsToSign } from "./teams-to-sign.ts";

export type ControlHandlerDeps = {
  readonly walk: WalkDeps;
  readonly approvals: ApprovalStore;
  readonly stops: StopStore;
  readonly keys: KeyStore;
  readonly snapshots: SnapshotStore;
  readonly ledger: LedgerReader;
  readonly health: Handlers<"readHealth">["readHealth"];
  readonly onFault: (error: unknown) => void;
};
type Names = Exclude<
  keyof Handlers,
  | "proposeAction"
  | "listActions"
  | "readAction"
  | "explainAction"
  | "resolveAction"
  | SourceOperation
  | ReadinessOperation
  | DataOperation
  | "readEntity"
  | "noteEntity"
  | "planRecall"
  | "startRecall"
  | "listRecalls"
  | "readRecall"
  | "listRecallItems"
  | "resumeRecall"
  | "cancelRecall"
  | "listRecallTasks"
  | "resolveRecallTask"
  | "readRecallReceipt"
>;

const defaultLimit = 100;

export function createControlHandlers(deps: ControlHandlerDeps): Handlers<Names> {
  return {
    ...approvalHandlers(deps),
    ...stopHandlers(deps),
    ...keyHandlers(deps),
    ...configHandlers(deps),
  };
}

function approvalHandlers({
  approvals,
  walk,
  onFault,
}: ControlHandlerDeps): Handlers<"listApprovals" | "decideApproval"> {
  return {
    listApprovals: async ({ status, team, limit = defaultLimit }, { principal }) => {
      const { snapshot } = await walk.control.view(principal.tenant);
      const found = await approvals.list(principal.tenant, { status, team, limit });
      return { approvals: await Promise.all(found.map((one) => withClasses(one, { snapshot, principal }, walk))) };
    },
    decideApproval: async ({ id, verdict, reason }, { principal }) => {
      const { tenant, name: by } = principal;
      const teamsOf = await teamsOfPerson(principal, walk);
      const approval = await approvals.decide(tenant, { id, by, teamsOf, verdict, reason });
      // The walk belongs to nobody's request; should it fail here, recovery finds the decided approval.
      // A recall is begun by whoever looks for it next.
      const { action } = approval;
      if (approval.status !== "pending" && isActionId(action))
        void walkWaiting({ tenant, id: action }, walk).catch(onFault);
      return approval;
    },
  };
}

const isActionId = (id: Approval["action"]): id is ActionId => id.startsWith("act_");

/** The local administrator may sign for any team; it is recorded as such, by name. */
async function teamsOfPerson(principal: Principal, { control }: WalkDeps): Promise<Answer["teamsOf"]> {
  if (principal.kind === "local") return openTeams;
  const { snapshot } = await control.view(principal.tenant);
  return (approval) => teamsToSign(principal.name, approval, snapshot.teams);
}

const openTeams: Answer["teamsOf"] = ({ approvers, signOffs }) =>
  approvers.filter((team) => !signOffs.some((signOff) => signOff.team === team));

function stopHandlers({ stops, walk }: ControlHandlerDeps): Handlers<"createStop" | "listStops" | "liftStop"> {
  return {
    createStop: async ({ scope, mode = "deny_all", reason }, { principal }) => {
      const stop = await stops.set(principal.tenant, { id: newId("stp"), scope, mode, reason, by: principal.name });
      // It binds every redemption from its commit on; after this look no decision of this node forgets it either.
      await walk.control.refresh(principal.tenant);
      // The stop holds whatever comes of this: it is a word about it, not a part of it.
      const view = await walk.control.view(principal.tenant).catch(() => undefined);
      const warning = view && warnOfStop(scope, view.snapshot);
      return { ...stop, ...(warning === undefined ? {} : { warning }) };
    },
    listStops: async ({ all }, { principal }) => ({ stops: await stops.list(principal.tenant, all === "true") }),
    liftStop: async ({ id, reason }, { principal }) => {
      const stop = await stops.lift(principal.tenant, { id, by: principal.name, reason });
      await walk.control.refresh(principal.tenant);
      return stop;
    },
  };
}

function keyHandlers({ keys, walk }: ControlHandlerDeps): Handlers<"listAgents" | "createKey" | "revokeKey"> {
  return {
    listAgents: async (_, { principal }) => {
      const { snapshot } = await walk.control.view(principal.tenant);
      const all = await keys.list(principal.tenant);
      const keysOf = (name: string) =>
        all
          .filter((key) => key.kind === "agent" && key.name === name)
          .map(({ id, createdAt, expiresAt }) => ({
            id,
            createdAt: createdAt.toISOString(),
            ...(expiresAt ? { expiresAt: expiresAt.toISOString() } : {}),
          }));
      return { agents: Object.values(snapshot.agents).map((agent) => ({ ...agent, keys: keysOf(agent.name) })) };
    },
    createKey: async ({ for: holder, expiresInDays }, { principal }) => {
      const { snapshot } = await walk.control.view(principal.tenant);
      const known = holder.kind === "agent" ? snapshot.agents : snapshot.people;
      if (!Object.hasOwn(known, holder.name)) throw unknownHolder(holder);
      const made = await keys.create(principal.tenant, { holder, by: principal.name, expiresInDays });
      return { id: made.id, key: made.key, ...(made.expiresAt ? { expiresAt: made.expiresAt.toISOString() } : {}) };
    },
    revokeKey: async ({ id }, { principal }) => {
      const revokedAt = await keys.revoke(principal.tenant, id, principal.name);
      return { id, revokedAt: revokedAt.toISOString() };
    },
  };
}

function unknownHolder(holder: { kind: string; name: string }): AirworthyError {
  return new AirworthyError(
    "not_found",
    `The live configuration has no ${holder.kind} ${JSON.stringify(holder.name)}.`,
    {
      place: "$.for.name",
      fix: "Add it to the configuration and apply that first.",
    },
  );
}

function configHandlers(
  deps: ControlHandlerDeps,
): Handlers<"planConfig" | "applyConfig" | "verifyLedger" | "readHealth"> {
  const planner = createConfigPlanner({ control: deps.walk.control, ledger: deps.ledger, snapshots: deps.snapshots });
  return {
    planConfig: async ({ files, replay }, { principal }) => {
      await admitTenant(principal, deps);
      return planner.plan(principal.tenant, { files, replay });
    },
    applyConfig: async ({ files, base, digest, tenant: planned }, { principal }) => {
      if (planned !== undefined && planned !== principal.tenant) throw otherPlan(planned, principal.tenant);
      await admitTenant(principal, deps);
      return planner.apply(principal.tenant, { files, base, digest, by: principal.name });
    },
    verifyLedger: (_, { principal }) => deps.ledger.verify(principal.tenant),
    readHealth: deps.health,
  };
}

function otherPlan(planned: string, tenant: string): AirworthyError {
  const message = `The plan was made for tenant ${JSON.stringify(planned.slice(0, 40))}, and this is ${tenant}.`;
  return new AirworthyError("conflict", message, { place: "$.tenant", fix: "Plan again for this tenant." });
}

/** A tenant begins to exist when the local administrator first gives it a configuration. */
async function admitTenant({ kind, tenant }: Principal, { snapshots, walk }: ControlHandlerDeps): Promise<void> {
  if (kind !== "local") return;
  await snapshots.ensureTenant(tenant);
  await walk.control.refresh(tenant);
}
