/** Keeps every configured source coming in: one node each, from where it was left, again after failures. */
import { randomBytes } from "node:crypto";
import path from "node:path";

import { AirworthyError, type IngestConnector, type SecretRef, type Snapshot } from "@airworthy/contract";

import { digestJson, sha256Hex } from "../kernel/canonical.ts";
import type { Clock, Control } from "../kernel/deps.ts";
import { durationMs } from "../kernel/duration.ts";
import { isIngesting } from "../kernel/is-ingesting.ts";
import type { Peers } from "../kernel/network/create-peers.ts";
import type { SourceLease, SourceStore } from "../kernel/source-store.ts";
import { createIntake } from "./create-intake.ts";
import type { SourceDriver } from "./source-driver.ts";

export type SourcesOptions = {
  readonly store: SourceStore;
  readonly control: Pick<Control, "view">;
  readonly clock: Clock;
  readonly tenants: () => Promise<readonly string[]>;
  /** By the connector's type; a type without one is not ours to bring in. */
  readonly drivers: Readonly<Record<string, SourceDriver>>;
  readonly secret: (ref: SecretRef) => string;
  readonly pem: (ref: SecretRef) => string;
  /** A folder below which each source has its own. */
  readonly spool: string;
  readonly fill: (text: string) => string;
  readonly peers: Peers;
  readonly onFault: (error: unknown) => void;
  /** Default 500. */
  readonly lookEveryMs?: number;
};
export type Sources = { readonly stop: () => Promise<void> };

type Running = { readonly digest: string; readonly abort: AbortController; readonly done: Promise<void> };

const renewEveryMs = 3000;
const backOffFirstMs = 500;
const backOffMostMs = 60_000;
const leaseRetryMs = 2000;
const forgetEveryMs = 3_600_000;
const defaultRetentionMs = 30 * 86_400_000;

export function startSources(options: SourcesOptions): Sources {
  const keeper = createKeeper(options);
  const forgetting = createForgetting(options);
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    const wanted = new Set<string>();
    for (const tenant of await options.tenants()) {
      // oxlint-disable-next-line no-await-in-loop -- views are in memory
      const view = await options.control.view(tenant).catch(() => undefined);
      // A tenant whose view has run out is left as it is: nothing is started, and what runs has a lease of its own.
      if (!view) keeper.keysOf(tenant).forEach((key) => wanted.add(key));
      else {
        for (const connector of Object.values(view.snapshot.connectors).filter(isIngesting)) {
          const source = { tenant, connector, snapshot: view.snapshot };
          wanted.add(keyOf(source));
          forgetting(source);
          if (!stopping) keeper.consider(source);
        }
      }
    }
    keeper.dropOthers(wanted);
  }

  function again(): void {
    looking = look()
      .catch((error: unknown) => {
        if (!(error instanceof AirworthyError && error.retryable)) options.onFault(error);
      })
      .then(() => {
        if (!stopping) timer = setTimeout(again, options.lookEveryMs ?? 500);
      });
  }
  again();
  return {
    stop: async () => {
      stopping = true;
      clearTimeout(timer);
      await looking;
      clearTimeout(timer);
      await keeper.end();
    },
  };
}

const keyOf = ({ tenant, connector }: Source): string => JSON.stringify([tenant, connector.name]);

/** Keeps one run for each source, and pauses between them that grow with failures. */
function createKeeper(options: SourcesOptions) {
  const holder = randomBytes(8).toString("hex");
  const running = new Map<string, Running>();
  const rests = new Map<string, { readonly untilMonoMs: number; readonly failures: number }>();
  const startRun = (key: string, source: Source, driver: SourceDriver): void => {
    const abort = new AbortController();
    const began = options.clock.monotonicMs();
    const before = rests.get(key)?.failures ?? 0;
    const done = bring(source, { driver, abort, holder }, options)
      .then((againInMs) => ({ failures: 0, againInMs }))
      .catch((error: unknown) => {
        if (!(error instanceof AirworthyError)) options.onFault(error);
        // What went well for a while failed for the first time, whatever was before.
        const failures = options.clock.monotonicMs() - began > backOffMostMs ? 1 : before + 1;
        return { failures, againInMs: Math.min(backOffMostMs, backOffFirstMs * 2 ** (failures - 1)) };
      })
      .then((rest) => {
        const restMs = abort.signal.aborted ? 0 : jittered(rest.againInMs);
        rests.set(key, { failures: rest.failures, untilMonoMs: options.clock.monotonicMs() + restMs });
        running.delete(key);
      });
    running.set(key, { digest: digestOf(source), abort, done });
  };
  return {
    consider: (source: Source): void => {
      const driver = options.drivers[source.connector.type];
      if (!driver) return;
      const key = keyOf(source);
      const one = running.get(key);
      if (one) {
        if (one.digest !== digestOf(source)) one.abort.abort();
      } else if ((rests.get(key)?.untilMonoMs ?? 0) <= options.clock.monotonicMs()) startRun(key, source, driver);
    },
    keysOf: (tenant: string): string[] =>
      [...running.keys()].filter((key) => key.startsWith(`[${JSON.stringify(tenant)},`)),
    dropOthers: (wanted: ReadonlySet<string>): void => {
      for (const [key, one] of running) if (!wanted.has(key)) one.abort.abort();
    },
    end: async (): Promise<void> => {
      for (const { abort } of running.values()) abort.abort();
      await Promise.all([...running.values()].map(({ done }) => done));
    },
  };
}

/** Once an hour for each source, on every node: what is gone already costs nothing. */
function createForgetting({ store, clock, onFault, drivers }: SourcesOptions): (source: Source) => void {
  const nextAt = new Map<string, number>();
  return (source) => {
    const key = keyOf(source);
    const now = clock.monotonicMs();
    if ((nextAt.get(key) ?? 0) > now) return;
    nextAt.set(key, now + jittered(forgetEveryMs));
    const { retention, name, type } = source.connector;
    const olderThanMs = retention === undefined ? defaultRetentionMs : durationMs(retention);
    const keepsIds = drivers[type]?.keepsIds ?? false;
    store.forget({ tenant: source.tenant, connector: name }, { olderThanMs, keepsIds }).catch(onFault);
  };
}

type Source = { readonly tenant: string; readonly connector: IngestConnector; readonly snapshot: Snapshot };
type Bringing = { readonly driver: SourceDriver; readonly abort: AbortController; readonly holder: string };

/** Runs the driver under a lease. Answers after how long to call it again. */
async function bring(source: Source, { driver, abort, holder }: Bringing, options: SourcesOptions): Promise<number> {
  const { store } = options;
  const at = { tenant: source.tenant, connector: source.connector.name };
  const lease = await store.acquire(at, holder);
  if (!lease) return leaseRetryMs;
  const stopRenewing = keepLease(lease, { abort, holder }, options);
  try {
    const intake = createIntake({
      store,
      lease,
      snapshot: source.snapshot,
      connector: source.connector,
      untyped: driver.untyped(source.connector),
      now: options.clock.now,
    });
    const { secret, pem, fill, peers } = options;
    const spool = path.join(options.spool, sha256Hex(keyOf(source)).slice(0, 32));
    const ended = await driver.run({ ...source, intake, secret, pem, spool, fill, peers, signal: abort.signal });
    return ended?.againInMs ?? 0;
  } catch (error) {
    if (abort.signal.aborted) return 0;
    await store.noteProblem(at, describeProblem(error)).catch(() => undefined);
    throw error;
  } finally {
    stopRenewing();
    await store.release(lease, holder).catch(() => undefined);
  }
}

/** A lease that cannot be renewed ends the run; the store would refuse what it writes from then on anyway. */
function keepLease(
  lease: SourceLease,
  { abort, holder }: { readonly abort: AbortController; readonly holder: string },
  { store, clock }: SourcesOptions,
): () => void {
  let renewedMonoMs = clock.monotonicMs();
  const timer = setInterval(() => {
    const asked = clock.monotonicMs();
    store
      .renew(lease, holder)
      .then((kept) => {
        if (kept) renewedMonoMs = asked;
        else abort.abort();
      })
      .catch(() => {
        if (clock.monotonicMs() - renewedMonoMs > 3 * renewEveryMs) abort.abort();
      });
  }, renewEveryMs);
  return () => clearInterval(timer);
}

/** Ours are written to be shown; those of libraries may hold addresses with passwords, so their code must do. */
export function describeProblem(error: unknown): string {
  if (error instanceof AirworthyError) return error.message;
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  if (typeof code === "string" && /^[A-Za-z0-9_]{1,60}$/.test(code)) return `The source failed (${code}).`;
  return `The source failed (${error instanceof Error ? error.name : "unknown cause"}).`;
}

/** What a run depends on: another contract or tool means that records are read otherwise. */
function digestOf({ connector, snapshot }: Source): string {
  const contracts = connector.records.map(({ contract }) => snapshot.contracts[contract] ?? null);
  return digestJson(JSON.parse(JSON.stringify({ connector, contracts })));
}

const jittered = (ms: number): number => ms * (0.8 + 0.4 * Math.random());
