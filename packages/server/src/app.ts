/** Builds every part once and ties them together: ports to store, rooms to ports, doors to rooms. */
import path from "node:path";

import type { JsonObject, Snapshot } from "@airworthy/contract";

import { createRecallPlanner } from "./controlplane/recall/plan-recall.ts";
import { createInputSchemas } from "./dataplane/1-context/input-schemas.ts";
import { type ConnectorSet, createConnectors } from "./dataplane/5-execution/connectors.ts";
import type { RecallDeps } from "./dataplane/carry-out-recalls.ts";
import { fillUrl, readPem, readSecret } from "./dataplane/5-execution/connectors/secrets.ts";
import { createSourceWatcher, type SourceWatcher } from "./controlplane/readiness/watch-sources.ts";
import { createEnds } from "./dataplane/ends.ts";
import type { RecoverDeps } from "./dataplane/recover.ts";
import { createTurns } from "./dataplane/turns.ts";
import { createActionHandlers } from "./doors/api/action-handlers.ts";
import { createApi } from "./doors/api/app.ts";
import { createDataHandlers } from "./doors/api/data-handlers.ts";
import { createControlHandlers } from "./doors/api/control-handlers.ts";
import { createEntityHandlers } from "./doors/api/entity-handlers.ts";
import type { Handlers } from "./doors/api/handlers.ts";
import { createReadinessHandlers } from "./doors/api/readiness-handlers.ts";
import { createRecallHandlers } from "./doors/api/recall-handlers.ts";
import { createSourceHandlers } from "./doors/api/source-handlers.ts";
import { createEventsDoor, type EventsDoorDeps } from "./doors/events/door.ts";
import { type Credentials, identify, withPerson } from "./doors/api/identity.ts";
import { createPersonVerifier } from "./doors/api/verify-person.ts";
import { createAgentGateway } from "./doors/mcp/agent-gateway.ts";
import { createMcpDoor } from "./doors/mcp/door.ts";
import { createExpressions } from "./kernel/computed/create-expressions.ts";
import { createPushIntake } from "./intake/push-intake.ts";
import type { SourcesOptions } from "./intake/run-sources.ts";
import { sourceDrivers } from "./intake/source-drivers.ts";
import { watchStore } from "./intake/watch-store.ts";
import type { ServerConfig } from "./kernel/config.ts";
import type { ApprovalStore, SnapshotStore } from "./kernel/control-store.ts";
import { newId } from "./kernel/ids.ts";
import type { LineageStore } from "./kernel/lineage/lineage-reader.ts";
import { loadPolicies } from "./kernel/load-policies.ts";
import type { Log } from "./kernel/log.ts";
import { createPeers } from "./kernel/network/create-peers.ts";
import { createPolicyEngine } from "./kernel/policy/engine.ts";
import type { ClassStore } from "./kernel/classes/class-store.ts";
import { createDataShield } from "./kernel/classes/data-shield.ts";
import { writeReceipt } from "./kernel/recall-receipt.ts";
import { createActionStore } from "./store/actions.ts";
import { createClassStore } from "./store/class-store.ts";
import { createErasure } from "./store/erase-tokens.ts";
import { createRevealLog } from "./store/reveal-log.ts";
import { createApprovalStore } from "./store/approvals.ts";
import { type ControlPoller, startControlPoller } from "./store/control.ts";
import type { DataFolder } from "./store/data-folder.ts";
import type { Database } from "./store/database.ts";
import { createEntityStore } from "./store/entity-ledger.ts";
import { createKeyStore } from "./store/keys.ts";
import { createLineageStore } from "./store/lineage-reader.ts";
import { createLedgerReader } from "./store/ledger-reader.ts";
import { createLedgerWriter, type LedgerWriter } from "./store/ledger-writer.ts";
import { createObservations } from "./store/observations.ts";
import { createRecallRecords } from "./store/recall-records.ts";
import { createRecallWork } from "./store/recall-work.ts";
import { createReadinessStore } from "./store/readiness.ts";
import { createSnapshotStore } from "./store/snapshots.ts";
import { createSourceDocuments } from "./store/source-documents.ts";
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
  readonly recalls: RecallDeps;
  readonly control: ControlPoller;
  readonly snapshots: SnapshotStore;
  /** For the work that brings sources in. */
  readonly sources: SourcesOptions;
  /** For the work that compares what they bring with their baselines. */
  readonly watcher: SourceWatcher;
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
  const { readiness, watcher, records, connectors } = createReading(parts, { control, writer });
  const approvals = createApprovalStore(db, writer);
  const snapshots = createSnapshotStore(db, writer);
  const classes = createClassStore(db);
  const recover = createWalkDeps(parts, { control, writer, connectors, engine, approvals, classes });
  const onFailure = (correlationId: string, error: unknown): void =>
    log.error({ correlationId, err: error }, "failure");
  const keys = createKeyStore(db, writer);
  const local = { key: folder.adminKey, name: config.localUser };
  const verifyPerson = createPersonVerifier({ env: config.env, now: control.clock.now });
  const who = (headers: Credentials) => identify(headers, { keys, control, local, verifyPerson });
  const lineage = createLineageStore(db, (tenant, value) => recover.observations.digest(tenant, value));
  const recall = createRecalls(parts, { control, writer, recover, approvals, lineage });
  const handlers: Handlers = {
    ...recall.handlers,
    ...createHandlers(parts, { control, writer, approvals, snapshots, keys, recover, classes, lineage }),
    ...createReadinessHandlers({
      control,
      readiness,
      profile: { ...recover, records, noteProfiled: (tenant, body) => noteProfiled(writer, tenant, body) },
    }),
  };
  const sources = createSourcesOptions(parts, { control, watcher });
  const gateway = openGateway({ config, recover, connectors, who, people: { control, verifyPerson } });
  return {
    api: createApi({ handlers, identify: who, onFailure }),
    mcp: createMcpDoor(gateway, { onFailure }),
    events: openEvents(sources, onFailure),
    recover,
    recalls: recall.deps,
    control,
    snapshots,
    sources,
    watcher,
    close: async () => {
      await watcher.flush({ all: true });
      await writer.close();
      await control.close();
      await Promise.all([engine.close(), connectors.close()]);
    },
  };
}

/** What reads upstream systems and what they brought in, and watches what comes of it. */
function createReading({ config, db, log }: AppParts, { control, writer }: Pick<Made, "control" | "writer">) {
  const readiness = createReadinessStore(db, writer);
  const watcher = createSourceWatcher({
    store: readiness,
    control,
    clock: control.clock,
    onFault: (error) => log.error({ err: error }, "a source could not be watched"),
  });
  const records = createSourceRecords(db);
  const quarantine = createReadQuarantine(db);
  const connectors = createConnectors({
    env: config.env,
    records,
    documents: createSourceDocuments(db),
    quarantine,
    watch: watcher,
  });
  return { readiness, watcher, records, connectors };
}

type Kept = Pick<Made, "control" | "writer" | "approvals" | "classes"> & {
  readonly snapshots: SnapshotStore;
  readonly keys: ReturnType<typeof createKeyStore>;
  readonly recover: RecoverDeps;
  readonly lineage: LineageStore;
};

function createHandlers({ db, folder }: AppParts, kept: Kept) {
  const { control, writer, approvals, snapshots, keys, recover, classes, lineage } = kept;
  const ledger = createLedgerReader(db, folder.verifier);
  return {
    ...createActionHandlers({ walk: recover, approvals, ledger, lineage }),
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
    ...createDataHandlers({
      control,
      tokens: classes,
      reveals: createRevealLog(writer),
      erasure: createErasure({ db, writer, classes, observations: recover.observations }),
    }),
    ...createSourceHandlers({
      control,
      clock: control.clock,
      sources: createSourceReader(db),
      quarantine: createQuarantineStore(db, writer),
    }),
  };
}

type GatewayParts = Pick<AppParts, "config"> & {
  readonly recover: RecoverDeps;
  readonly connectors: ConnectorSet;
  readonly who: (credentials: Credentials) => ReturnType<typeof identify>;
  readonly people: Parameters<typeof withPerson>[2];
};

function openGateway({ config, recover, connectors, who, people }: GatewayParts) {
  return createAgentGateway({
    walk: recover,
    mcp: connectors.mcp,
    identify: ({ authorization, "airworthy-on-behalf-of": person }) =>
      who({ authorization, tenant: undefined, onBehalfOf: typeof person === "string" ? person : undefined }),
    withPerson: (agent, token) => withPerson(agent, token, people),
    holdMs: config.holdMs,
    version,
  });
}

type MadeForRecalls = Pick<Made, "control" | "writer" | "approvals"> & {
  readonly recover: RecoverDeps;
  readonly lineage: LineageStore;
};

function createRecalls({ db, folder }: AppParts, made: MadeForRecalls) {
  const { control, writer, recover, approvals, lineage } = made;
  const { clock } = control;
  const planner = createRecallPlanner({ lineage, clock, control, readSnapshot: recover.actions.readSnapshot });
  const deps: RecallDeps = {
    ...recover,
    planner,
    recalls: createRecallWork(db, writer),
    readApproval: approvals.read,
    signReceipt: (receipt) => writeReceipt(receipt, folder.signer),
  };
  const recalls = createRecallRecords(db, writer);
  return { deps, handlers: createRecallHandlers({ control, planner, recalls }) };
}

function openEvents({ control, clock, store, secret }: SourcesOptions, onFailure: EventsDoorDeps["onFailure"]) {
  return createEventsDoor({ control, clock, intake: createPushIntake({ store, now: clock.now }), secret, onFailure });
}

const noteProfiled = (writer: LedgerWriter, tenant: string, body: JsonObject): Promise<void> =>
  writer.append(tenant, async () => ({ drafts: [{ kind: "source_profiled", body }], value: undefined }));

function createSourcesOptions(
  { config, db, log }: AppParts,
  { control, watcher }: { readonly control: ControlPoller; readonly watcher: SourceWatcher },
): SourcesOptions {
  return {
    store: watchStore(createSourceStore(db), { watch: watcher, control }),
    control,
    clock: control.clock,
    tenants: () => readTenants(db),
    drivers: sourceDrivers,
    secret: (ref) => readSecret(ref, config.env),
    pem: (ref) => readPem(ref, config.env),
    spool: path.join(config.dataDir, "spool"),
    fill: (text) => fillUrl(text, config.env),
    peers: createPeers({
      text: (ref) => readPem(ref, config.env),
      fill: (text) => fillUrl(text, config.env),
      now: control.clock.now,
    }),
    onFault: (error) => log.error({ err: error }, "a source failed"),
  };
}

type Made = {
  readonly control: ControlPoller;
  readonly writer: LedgerWriter;
  readonly connectors: ConnectorSet;
  readonly engine: ReturnType<typeof createPolicyEngine>;
  readonly approvals: ApprovalStore;
  readonly classes: ClassStore;
};

function createWalkDeps({ config, db, log }: AppParts, made: Made): RecoverDeps {
  const { control, writer, connectors, engine, approvals, classes } = made;
  return {
    clock: control.clock,
    control,
    observations: createObservations(db),
    values: createValues(db),
    data: createDataShield(classes, control.clock.now),
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
    turns: createTurns(),
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
