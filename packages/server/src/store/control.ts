/** This node's view of the control plane: polled by epoch, good for one lease, never older than it says. */
import { AirworthyError, type Snapshot, type Stop } from "@airworthy/contract";

import type { Clock, Control, ControlView } from "../kernel/deps.ts";
import type { Database } from "./database.ts";
import { readSnapshot } from "./snapshots.ts";
import { listStops } from "./stops.ts";

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
  readonly pollMs?: number;
  readonly leaseMs?: number;
};

type Seen = { readonly view: ControlView; readonly epoch: number };

/** A view is good for this long from the moment of asking; a node cut off from the store denies after it. */
const defaultLeaseMs = 2000;
const defaultPollMs = 100;

export async function startControlPoller(options: ControlOptions): Promise<ControlPoller> {
  const leaseMs = options.leaseMs ?? defaultLeaseMs;
  const seen = new Map<string, Seen>();
  // Database time = monotonic time + offset; re-measured at every look, so a step of the local wall clock changes nothing.
  let offsetMs = Date.now() - performance.now();
  let lastSeen: number | undefined;
  let closed = false;
  let looking: Promise<void> | undefined;

  async function look(): Promise<void> {
    const asked = performance.now();
    const rows = await options.db.query<{ tenant: string; epoch: number; snapshot_version: number; now_ms: number }>({
      name: "control-poll",
      text: `select tenant, epoch, snapshot_version, extract(epoch from clock_timestamp())::float8 * 1000 as now_ms from control`,
    });
    const [first] = rows;
    if (first) offsetMs = first.now_ms - (asked + performance.now()) / 2;
    for (const row of rows) {
      const known = seen.get(row.tenant);
      const view = known?.epoch === row.epoch ? known.view : await load(row, known?.view);
      seen.set(row.tenant, { epoch: row.epoch, view: { ...view, validUntilMonoMs: asked + leaseMs } });
    }
    lastSeen = asked;
  }

  async function load(
    row: { tenant: string; epoch: number; snapshot_version: number },
    before?: ControlView,
  ): Promise<ControlView> {
    const stops: readonly Stop[] = await listStops(options.db, row.tenant, { all: false });
    const same = before?.snapshot.version === row.snapshot_version;
    const snapshot =
      same && before ? before.snapshot : await readSnapshot(options.db, row.tenant, row.snapshot_version);
    if (!same) await options.onSnapshot(snapshot);
    return { snapshot, epoch: row.epoch, stops, validUntilMonoMs: 0 };
  }

  /** Looks that overlap share one answer, but a look that was asked for now never returns an older one. */
  function lookNow(): Promise<void> {
    const next = (looking ?? Promise.resolve()).catch(() => undefined).then(look);
    looking = next;
    return next;
  }

  await lookNow();
  const poll = (): void => {
    if (closed) return;
    lookNow()
      .catch(options.onLost)
      .finally(() => {
        timer = setTimeout(poll, options.pollMs ?? defaultPollMs);
      });
  };
  let timer = setTimeout(poll, options.pollMs ?? defaultPollMs);

  return {
    clock: { now: () => performance.now() + offsetMs, monotonicMs: () => performance.now() },
    lastSeenMonoMs: () => lastSeen,
    refresh: () => lookNow(),
    view: async (tenant) => {
      const known = seen.get(tenant);
      if (!known) throw new AirworthyError("not_found", `There is no tenant ${JSON.stringify(tenant)}.`);
      if (known.view.validUntilMonoMs > performance.now()) return known.view;
      throw new AirworthyError("unavailable", "This node has lost sight of the store, so it decides nothing.", {
        retryable: true,
        fix: "Try again; the node resumes by itself once it reaches the store.",
      });
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await looking?.catch(() => undefined);
    },
  };
}
