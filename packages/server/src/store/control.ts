/** This node's view of the control plane: polled by epoch, good for one lease, never older than it says. */
import { AirworthyError, type Snapshot } from "@airworthy/contract";

import type { Clock, Control, ControlView } from "../kernel/deps.ts";
import type { Database } from "./database.ts";
import { readSnapshot } from "./snapshots.ts";
import { listNotReady } from "./source-findings.ts";
import { listStops } from "./stops.ts";
import { noSuchTenant } from "./tenants.ts";

export type ControlPoller = Control & {
  readonly clock: Clock;
  /** Epoch ms of the monotonic clock at the last good look, for health. */
  readonly lastSeenMonoMs: () => number | undefined;
  readonly close: () => Promise<void>;
};
export type ControlOptions = {
  readonly db: Database;
  /** Called whenever a tenant's snapshot is new to this node, before any action is judged by it. */
  readonly onSnapshot: (snapshot: Snapshot) => Promise<void>;
  /** Called when the store does not answer. */
  readonly onLost: () => void;
  /** Called once a version when a tenant's new snapshot cannot be used; that tenant's view then runs out, and nobody else's. */
  readonly onFault: (error: unknown) => void;
  readonly pollMs?: number;
  readonly leaseMs?: number;
};

type ControlRow = {
  readonly tenant: string;
  readonly epoch: number;
  readonly snapshot_version: number;
  readonly now_ms: number;
};

/** A view is good for this long from the moment of asking; a node cut off from the store denies after it. */
const defaultLeaseMs = 2000;
const defaultPollMs = 100;

export async function startControlPoller(options: ControlOptions): Promise<ControlPoller> {
  const views = createViews(options);
  const lookNow = shareLooks(views.look);
  await lookNow();
  await Promise.all(views.loading().map(refresh));
  let closed = false;
  let timer = setTimeout(poll, options.pollMs ?? defaultPollMs);
  function poll(): void {
    lookNow()
      .catch(options.onLost)
      .finally(() => {
        if (!closed) timer = setTimeout(poll, options.pollMs ?? defaultPollMs);
      });
  }
  /** Until a look that began after this was called found nothing new: its lease counts from the look, not from a loading. */
  async function refresh(tenant: string): Promise<void> {
    for (;;) {
      await lookNow();
      const load = views.loadOf(tenant);
      if (!load || !(await load)) return;
    }
  }
  return {
    clock: { now: () => performance.now() + views.offsetMs(), monotonicMs: () => performance.now() },
    lastSeenMonoMs: views.lastSeenMonoMs,
    refresh,
    view: async (tenant) => {
      const view = views.of(tenant);
      if (!view) throw noSuchTenant(tenant);
      if (view.validUntilMonoMs > performance.now()) return view;
      throw new AirworthyError("unavailable", "This node has lost sight of the store, so it decides nothing.", {
        retryable: true,
        fix: "Try again; the node resumes by itself once it reaches the store.",
      });
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await lookNow().catch(() => undefined);
      await Promise.all(views.loads());
      clearTimeout(timer);
    },
  };
}

function createViews({ db, onSnapshot, onFault, leaseMs = defaultLeaseMs }: ControlOptions) {
  const views = new Map<string, ControlView>();
  // A large snapshot takes longer to load than a lease lasts; looks go on meanwhile, for all other tenants' sake.
  const loads = new Map<string, Promise<boolean>>();
  const faults = new Map<string, LoadFault>();
  // Database time = monotonic time + offset; re-measured at every look, so a step of the local wall clock changes nothing.
  let offsetMs = Date.now() - performance.now();
  let lastSeen: number | undefined;

  async function look(): Promise<void> {
    const asked = performance.now();
    const rows = await db.query<ControlRow>({
      name: "control-poll",
      text: `select tenant, epoch, snapshot_version, extract(epoch from clock_timestamp())::float8 * 1000 as now_ms
             from control`,
    });
    const [first] = rows;
    if (first) offsetMs = first.now_ms - (asked + performance.now()) / 2;
    for (const row of rows) {
      const { tenant } = row;
      const known = views.get(tenant);
      if (known?.epoch === row.epoch) views.set(tenant, { ...known, validUntilMonoMs: asked + leaseMs });
      else if (!loads.has(tenant) && !isTooSoon(faults.get(tenant), row)) loads.set(tenant, install(row, asked));
    }
    lastSeen = asked;
  }

  /** Whether the new view could be used. */
  async function install(row: ControlRow, asked: number): Promise<boolean> {
    try {
      const view = await load(row, views.get(row.tenant));
      views.set(row.tenant, { ...view, validUntilMonoMs: asked + leaseMs });
      faults.delete(row.tenant);
      return true;
    } catch (error) {
      const before = faults.get(row.tenant);
      if (before?.version !== row.snapshot_version) onFault(error);
      faults.set(row.tenant, nextFault(row, before));
      return false;
    } finally {
      loads.delete(row.tenant);
    }
  }

  async function load({ tenant, epoch, snapshot_version }: ControlRow, before?: ControlView): Promise<ControlView> {
    const [stops, notReady] = await Promise.all([listStops(db, tenant, { all: false }), listNotReady(db, tenant)]);
    if (before?.snapshot.version === snapshot_version) return { ...before, stops, notReady, epoch };
    const snapshot = await readSnapshot(db, tenant, snapshot_version);
    await onSnapshot(snapshot);
    return { snapshot, epoch, stops, notReady, validUntilMonoMs: 0 };
  }

  return {
    look,
    of: (tenant: string): ControlView | undefined => views.get(tenant),
    /** The tenants whose views are being loaded. */
    loading: (): string[] => [...loads.keys()],
    loads: (): Promise<boolean>[] => [...loads.values()],
    loadOf: (tenant: string): Promise<boolean> | undefined => loads.get(tenant),
    offsetMs: () => offsetMs,
    lastSeenMonoMs: () => lastSeen,
  };
}

/** A snapshot that could not be loaded: it is tried again, ever more rarely. */
type LoadFault = {
  readonly version: number;
  readonly epoch: number;
  readonly retryAtMonoMs: number;
  readonly waitMs: number;
};
const retryFirstMs = 200;
const retryMostMs = 10_000;

function nextFault({ snapshot_version: version, epoch }: ControlRow, before: LoadFault | undefined): LoadFault {
  const waitMs = before?.version === version ? Math.min(retryMostMs, before.waitMs * 2) : retryFirstMs;
  return { version, epoch, waitMs, retryAtMonoMs: performance.now() + waitMs };
}

/** Any change of control is tried at once. */
function isTooSoon(fault: LoadFault | undefined, { epoch }: ControlRow): boolean {
  return fault?.epoch === epoch && performance.now() < fault.retryAtMonoMs;
}

/** One look at a time. Whoever asks while one is under way gets the next one, all of them the same: never an older view. */
function shareLooks(look: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const begin = (): Promise<void> => {
    const begun = look().finally(() => {
      if (running === begun) running = undefined;
    });
    running = begun;
    return begun;
  };
  return () => {
    if (!running) return begin();
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return begin();
      });
    return next;
  };
}
