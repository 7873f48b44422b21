/** Builds every part once and ties them together: ports to store, rooms to ports, doors to rooms. */
import type { Snapshot } from "@airworthy/contract";

import { createInputSchemas } from "./dataplane/1-context/input-schemas.ts";
import { type ConnectorSet, createConnectors } from "./dataplane/5-execution/connectors.ts";
import { fillUrl, readSecret } from "./dataplane/5-execution/connectors/secrets.ts";
import { createEnds } from "./dataplane/ends.ts";
import type { RecoverDeps } from "./dataplane/recover.ts";
import { createActionHandlers } from "./doors/api/action-handlers.ts";
import { createApi } from "./doors/api/app.ts";
import { createControlHandlers } from "./doors/api/control-handlers.ts";
import { createEntityHandlers } from "./doors/api/entity-handlers.ts";
import type { Handlers } from "./doors/api/handlers.ts";
import { identify } from "./doors/api/identity.ts";
import { createSourceHandlers } from "./doors/api/source-handlers.ts";
import { createEventsDoor, type EventsDoorDeps } from "./doors/events/door.ts";
import { createAgentGateway } from "./doors/mcp/agent-gateway.ts";
import { createMcpDoor } from "./doors/mcp/door.ts";
import { createExpressions } from "./kernel/computed/create-expressions.ts";
import { createPushIntake } from "./intake/push-intake.ts";
import type { SourcesOptions } from "./intake/run-sources.ts";
import { sourceDrivers } from "./intake/source-drivers.ts";
import type { ServerConfig } from "./kernel/config.ts";
import type { ApprovalStore, SnapshotStore } from "./kernel/control-store.ts";
import { newId } from "./kernel/ids.ts";
import { loadPolicies } from "./kernel/load-policies.ts";
import type { Log } from "./kernel/log.ts";
import { createPolicyEngine } from "./kernel/policy/engine.ts";
import { createActionStore } from "./store/actions.ts";
import { createApprovalStore } from "./store/approvals.ts";
import { type ControlPoller, startControlPoller } from "./store/control.ts";
import type { DataFolder } from "./store/data-folder.ts";
import type { Database } from "./store/database.ts";
import { createEntityStore } from "./store/entity-ledger.ts";
import { createKeyStore } from "./store/keys.ts";
import { createLedgerReader } from "./store/ledger-reader.ts";
import { createLedgerWriter, type LedgerWriter } from "./store/ledger-writer.ts";
import { createObservations } from "./store/observations.ts";
import { createSnapshotStore } from "./store/snapshots.ts";
import { createQuarantineStore, createReadQuarantine } from "./store/source-quarantine.ts";
import { createSourceReader } from "./store/source-reader.ts";
import { createSourceRecords, createSourceStore } from "./store/sources.ts";
import { createStopStore } from "./store/stops.ts";
import { createSurroundings } from "./store/surroundings.ts";
import { readTenants } from "./store/tenants.ts";
import { createValues } from "./store/value-index.ts";

export type App = {
  readonly api: ReturnType<typeof createApi>;
  readonly mcp: ReturnType<typeof createMcpDoor>;
  readonly events: ReturnType<typeof createEventsDoor>;
  readonly recover: RecoverDeps;
  readonly control: ControlPoller;
  readonly snapshots: SnapshotStore;
  /** For the work that brings sources in. */
  readonly sources: SourcesOptions;
  readonly close: () => Promise<void>;
};
export type AppParts = {
  readonly config: ServerConfig;
  readonly db: Database;
  readonly folder: DataFolder;
  readonly log: Log;
  /** Called when the store does not answer. */
  readonly onStoreLost: () => void;
};

export const version = "0.0.1";

export async function createApp(parts: AppParts): Promise<App> {
  const { config, db, folder, log } = parts;
  const engine = createPolicyEngine();
  const control = await startControlPoller({
    db,
    onSnapshot: (snapshot: Snapshot) => loadPolicies(engine, snapshot),
    onLost: parts.onStoreLost,
    onFault: (error) => log.error({ err: error }, "a snapshot cannot be used"),
  });
  const writer = createLedgerWriter({ db, clock: control.clock });
  const connectors = createConnectors({
    env: config.env,
    records: createSourceRecords(db),
    quarantine: createReadQuarantine(db),
  });
  const approvals = createApprovalStore(db, writer);
  const snapshots = createSnapshotStore(db, writer);
  const recover = createWalkDeps(parts, { control, writer, connectors, engine, approvals });
  const onFailure = (correlationId: string, error: unknown): void =>
    log.error({ correlationId, err: error }, "failure");
  const keys = createKeyStore(db, writer);
  const local = { key: folder.adminKey, name: config.localUser };
  const who = (headers: { authorization: string | undefined; tenant: string | undefined }) =>
    identify(headers, { keys, control, local });
  const ledger = createLedgerReader(db, folder.verifier);
  const handlers: Handlers = {
    ...createActionHandlers({ walk: recover, approvals, ledger }),
    ...createEntityHandlers({ entities: createEntityStore(db, writer) }),
    ...createControlHandlers({
      walk: recover,
      approvals,
      stops: createStopStore(db, writer),
      keys,
      snapshots,
      ledger,
      health: healthOf(control),
      onFault: recover.onFault,
    }),
    ...createSourceHandlers({
      control,
      clock: control.clock,
      sources: createSourceReader(db),
      quarantine: createQuarantineStore(db, writer),
    }),
  };
  const sources = createSourcesOptions(parts, control);
  return {
    api: createApi({ handlers, identify: who, onFailure }),
    mcp: createMcpDoor(
      createAgentGateway({
        walk: recover,
        mcp: connectors.mcp,
        identify: ({ authorization }) => who({ authorization, tenant: undefined }),
        holdMs: config.holdMs,
        version,
      }),
      { onFailure },
    ),
    events: openEvents(sources, onFailure),
    recover,
    control,
    snapshots,
    sources,
    close: async () => {
      await writer.close();
      await control.close();
      await Promise.all([engine.close(), connectors.close()]);
    },
  };
}

function openEvents({ control, clock, store, secret }: SourcesOptions, onFailure: EventsDoorDeps["onFailure"]) {
  return createEventsDoor({ control, clock, intake: createPushIntake({ store, now: clock.now }), secret, onFailure });
}

function createSourcesOptions({ config, db, log }: AppParts, control: ControlPoller): SourcesOptions {
  return {
    store: createSourceStore(db),
    control,
    clock: control.clock,
    tenants: () => readTenants(db),
    drivers: sourceDrivers,
    secret: (ref) => readSecret(ref, config.env),
    fill: (text) => fillUrl(text, config.env),
    onFault: (error) => log.error({ err: error }, "a source failed"),
  };
}

type Made = {
  readonly control: ControlPoller;
  readonly writer: LedgerWriter;
  readonly connectors: ConnectorSet;
  readonly engine: ReturnType<typeof createPolicyEngine>;
  readonly approvals: ApprovalStore;
};

function createWalkDeps({ config, db, log }: AppParts, made: Made): RecoverDeps {
  const { control, writer, connectors, engine, approvals } = made;
  return {
    clock: control.clock,
    control,
    observations: createObservations(db),
    values: createValues(db),
    expressions: createExpressions(),
    inputSchemas: createInputSchemas((connector) => connectors.mcp.definitions(connector)),
    surroundings: createSurroundings(db),
    policyEngine: engine,
    approvals,
    issuer: {
      issuePermit: (binding, approval) => ({ id: newId("prm"), binding, ...(approval ? { approval } : {}) }),
    },
    redeemer: { redeemPermit: (action) => writer.redeem(action) },
    connectors,
    ledger: {
      finish: (action) => writer.finish(action),
      noteCallerGone: ({ tenant, id }) =>
        writer.append(tenant, async () => ({
          drafts: [{ kind: "caller_gone", action: id, body: {} }],
          value: undefined,
        })),
    },
    options: { freshness: config.freshness },
    actions: createActionStore(db, writer),
    ends: createEnds(),
    expireApprovals: (tenant, id) => approvals.expire(tenant, id),
    onFault: (error) => log.error({ err: error }, "background work failed"),
  };
}

function healthOf(control: ControlPoller): Handlers<"readHealth">["readHealth"] {
  const goodForMs = 2000;
  return async () => {
    const seen = control.lastSeenMonoMs();
    const age = seen === undefined ? undefined : Math.round(control.clock.monotonicMs() - seen);
    const ok = age !== undefined && age < goodForMs;
    return { ok, store: ok, ...(age === undefined ? {} : { controlAgeMs: age }), version };
  };
}
