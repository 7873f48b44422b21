/** Work that no request waits for: recovery, checkpoints, statistics, watching sources, forgetting. One kind or tenant that fails stops no other. */
import { AirworthyError } from "@airworthy/contract";

import { carryOutRecalls, type RecallDeps } from "./dataplane/carry-out-recalls.ts";
import { recoverInterrupted, type RecoverDeps, walkDecided } from "./dataplane/recover.ts";
import type { SourceWatcher } from "./controlplane/readiness/watch-sources.ts";
import { type SourcesOptions, startSources } from "./intake/run-sources.ts";
import type { Log } from "./kernel/log.ts";
import type { NoteSigner } from "./kernel/signed-note.ts";
import { writeCheckpoint } from "./store/checkpoints.ts";
import type { Database } from "./store/database.ts";
import { forgetClassedValues } from "./store/class-store.ts";
import { forgetObservations } from "./store/observations.ts";
import { refreshStatistics } from "./store/refresh-statistics.ts";
import { forgetWindows } from "./store/source-windows.ts";
import { readTenants } from "./store/tenants.ts";
import { forgetReadings } from "./store/value-readings.ts";

const recoverEveryMs = 500;
const checkpointEveryMs = 5000;
const statisticsEveryMs = 2000;
const watchEveryMs = 2000;
const forgetEveryMs = 3_600_000;
const observationsKeptMs = 7 * 86_400_000;
const readingsKeptMs = 86_400_000;
const windowsKeptMs = 90 * 86_400_000;

type Background = {
  readonly recover: RecoverDeps;
  readonly recalls: RecallDeps;
  readonly db: Database;
  readonly signer: NoteSigner;
  readonly log: Pick<Log, "error">;
  readonly sources: SourcesOptions;
  readonly watcher: SourceWatcher;
};
export type Loop = { readonly stop: () => Promise<void> };

export function startBackground({ recover, recalls, db, signer, log, sources, watcher }: Background): Loop {
  const forget = async (tenant: string, signal: AbortSignal) => {
    await forgetObservations(db, tenant, { olderThanMs: observationsKeptMs, signal });
    await forgetReadings(db, tenant, { olderThanMs: readingsKeptMs, signal });
    await forgetClassedValues(db, tenant, signal);
    await forgetWindows(db, tenant, windowsKeptMs);
  };
  const loops = [
    startSources(sources),
    startLoop({ name: "walking on", everyMs: recoverEveryMs, log, work: () => walkDecided(recover) }),
    startLoop({ name: "recovery", everyMs: recoverEveryMs, log, work: () => recoverInterrupted(recover) }),
    startLoop({ name: "recalls", everyMs: recoverEveryMs, log, work: (signal) => carryOutRecalls(recalls, signal) }),
    startLoop({
      name: "checkpoints",
      everyMs: checkpointEveryMs,
      log,
      work: () => signCheckpoints({ db, signer, log }),
    }),
    startLoop({
      name: "watching sources",
      everyMs: watchEveryMs,
      log,
      work: async () => {
        await watcher.flush();
        await eachTenant({ db, log }, (tenant) => watcher.judge(tenant));
      },
    }),
    startLoop({ name: "statistics", everyMs: statisticsEveryMs, log, work: () => refreshStatistics(db) }),
    startLoop({
      name: "forgetting",
      everyMs: forgetEveryMs,
      log,
      work: (signal) => eachTenant({ db, log }, (tenant) => forget(tenant, signal)),
    }),
  ];
  return {
    stop: async () => {
      await Promise.all(loops.map((one) => one.stop()));
    },
  };
}

/** Signs what has grown in every tenant's ledger. */
export function signCheckpoints({ db, signer, log }: Pick<Background, "db" | "signer" | "log">): Promise<void> {
  return eachTenant({ db, log }, (tenant) => writeCheckpoint(db, tenant, signer));
}

/** A tenant's failure is logged with its name; that the store is away is thrown at the end, for it is nobody's own. */
export async function eachTenant(
  { db, log }: Pick<Background, "log"> & { readonly db: Pick<Database, "query"> },
  work: (tenant: string) => Promise<unknown>,
): Promise<void> {
  let away: AirworthyError | undefined;
  for (const tenant of await readTenants(db)) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- in the background one at a time is enough
      await work(tenant);
    } catch (error) {
      if (isQuiet(error)) away = error;
      else log.error({ err: error, tenant }, "background work failed");
    }
  }
  if (away) throw away;
}

type LoopOptions = {
  readonly name: string;
  readonly everyMs: number;
  /** `signal` is given when the loop is to end: what takes long ends early then. */
  readonly work: (signal: AbortSignal) => Promise<unknown>;
  readonly log: Pick<Log, "error">;
};
/** So many failures in a row that would each pass by themselves are no longer nothing. */
const quietMost = 10;

/** Runs again a while after it has ended, never twice at once. */
export function startLoop({ name, everyMs, work, log }: LoopOptions): Loop {
  const ending = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let quietly = 0;
  const fail = (error: unknown): void => {
    if (!isQuiet(error)) log.error({ err: error, work: name }, "background work failed");
    else {
      quietly += 1;
      if (quietly === quietMost)
        log.error({ err: error, work: name }, `background work failed ${quietMost} times in a row`);
    }
  };
  const run = (): void => {
    running = work(ending.signal)
      .then(() => {
        quietly = 0;
      }, fail)
      .then(() => {
        if (!ending.signal.aborted) timer = setTimeout(run, everyMs);
      });
  };
  run();
  return {
    stop: async () => {
      ending.abort();
      clearTimeout(timer);
      await running;
    },
  };
}

/** What passes by itself, such as a store that is away for a moment. */
const isQuiet = (error: unknown): error is AirworthyError => error instanceof AirworthyError && error.retryable;
