/**
 * The chain writer: one a process, one chain a tenant and day. Jobs that arrive while a commit is under way are committed
 * together with the next one; nothing waits for a timer. A head is never locked: the primary key stops a second writer.
 */
import { randomBytes } from "node:crypto";

import { AirworthyError } from "@airworthy/contract";

import { entityKeysOf } from "../kernel/action-keys.ts";
import type { FinishedAction, PermittedAction } from "../kernel/action-walk.ts";
import type { Clock, Redemption } from "../kernel/deps.ts";
import { type Database, isUniqueViolation, type Transaction } from "./database.ts";
import { type Draft, type Head, linkEntries } from "./ledger-chain.ts";
import { ensurePartitions, insertEntries, readHead, readLatestHead } from "./ledger-rows.ts";
import { lockEntities } from "./entity-locks.ts";
import { finishActions, lockedAtEnd } from "./finish-actions.ts";
import { redeemPermits } from "./redeem-permits.ts";
import { assertTenant } from "./tenants.ts";

/** What a job commits with its entries. Jobs run in one transaction; a rejected promise of `work` aborts it. */
type Work<T> = (tx: Transaction) => Promise<{ readonly drafts: readonly Draft[]; readonly value: T }>;
type Redeem = {
  readonly kind: "redeem";
  readonly action: PermittedAction;
  /** When leave was asked for, on the monotonic clock: the dispatch window counts from here, however often we try. */
  readonly askedMonoMs: number;
  readonly settle: Settle<Redemption>;
};
type Finish = { readonly kind: "finish"; readonly action: FinishedAction; readonly settle: Settle<void> };
type Alone = { readonly kind: "alone"; readonly work: Work<unknown>; readonly settle: Settle<unknown> };
type Job = Redeem | Finish | Alone;
type Settle<T> = { readonly resolve: (value: T) => void; readonly reject: (error: unknown) => void };

export type LedgerWriter = {
  readonly redeem: (action: PermittedAction) => Promise<Redemption>;
  readonly finish: (action: FinishedAction) => Promise<void>;
  /** For rare control events: runs the work in a transaction of its own and appends what it returns. */
  readonly append: <T>(tenant: string, work: Work<T>) => Promise<T>;
  /** Commits what is queued and takes no more. */
  readonly close: () => Promise<void>;
};

const batchMax = 256;
const attemptsMax = 6;

export function createLedgerWriter(options: { db: Database; clock: Clock; incarnation?: string }): LedgerWriter {
  const incarnation = options.incarnation ?? randomBytes(6).toString("hex");
  const lanes = new Map<string, ReturnType<typeof createLane>>();
  const laneOf = (tenant: string): ReturnType<typeof createLane> => {
    const lane = lanes.get(tenant) ?? createLane(tenant, { ...options, incarnation });
    lanes.set(tenant, lane);
    return lane;
  };
  let closed = false;
  const submit = <T>(tenant: string, make: (settle: Settle<T>) => Job): Promise<T> =>
    new Promise((resolve, reject) => {
      if (closed) reject(closing());
      else laneOf(tenant).push(make({ resolve, reject }));
    });
  return {
    redeem: (action) =>
      submit(action.tenant, (settle) => ({ kind: "redeem", action, askedMonoMs: options.clock.monotonicMs(), settle })),
    finish: (action) => submit(action.tenant, (settle) => ({ kind: "finish", action, settle })),
    append: <T>(tenant: string, work: Work<T>) =>
      submit<T>(tenant, (settle) => ({ kind: "alone", work, settle: settle as Settle<unknown> })),
    close: async () => {
      closed = true;
      await Promise.all([...lanes.values()].map((lane) => lane.drain()));
    },
  };
}

type LaneOptions = { readonly db: Database; readonly clock: Clock; readonly incarnation: string };

function createLane(tenant: string, { db, clock, incarnation }: LaneOptions) {
  const queue: Job[] = [];
  let head: Head | undefined;
  let running: Promise<void> | undefined;

  async function work(): Promise<void> {
    while (queue.length > 0) await commit(nextBatch(queue));
    running = undefined;
  }

  /** Tries a batch until it is known to be in or out. Only what certainly is not in the ledger is written again. */
  async function commit(jobs: readonly Job[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        head ??= await openChain();
        if (head.day !== dayOf(clock.now())) head = await openChain();
        const done = await writeBatch(tenant, { db, clock, head, jobs });
        head = done.head;
        done.answer();
        return;
      } catch (error) {
        // Whatever was thought of the head is now in doubt: it is read again before anything else is written.
        head = undefined;
        const again = (error instanceof AirworthyError && error.retryable) || isUniqueViolation(error);
        if (!again && jobs.length > 1) return commitEach(jobs);
        if (!again || attempt >= attemptsMax) return rejectAll(jobs, error);
        await pause(Math.min(1000, 25 * 2 ** attempt));
      }
    }
  }

  /** One job that cannot be written must not take its neighbours with it. */
  async function commitEach(jobs: readonly Job[]): Promise<void> {
    for (const job of jobs) await commit([job]);
  }

  /** The head of this process's chain for today; a new chain opens by citing its predecessor. */
  async function openChain(): Promise<Head> {
    const day = dayOf(clock.now());
    await assertTenant(db, tenant);
    await ensurePartitions(db, day);
    const own = await readHead(db, tenant, { day, chain: incarnation });
    if (own.seq > 0) return own;
    const before = await readLatestHead(db, tenant);
    const predecessor = before ? { ...before, hash: before.hash.toString("hex") } : null;
    const drafts: Draft[] = [{ kind: "chain_opened", body: { predecessor, writer: incarnation } }];
    const entries = linkEntries({ tenant, head: own, now: new Date(clock.now()).toISOString() }, drafts);
    await db.transaction(async (tx) => insertEntries(tx, entries));
    return { ...own, seq: entries.length, hash: entries.at(-1)?.hash ?? own.hash };
  }

  return {
    push: (job: Job): void => {
      queue.push(job);
      running ??= Promise.resolve().then(work);
    },
    drain: async (): Promise<void> => running,
  };
}

type Batch = { readonly db: Database; readonly clock: Clock; readonly head: Head; readonly jobs: readonly Job[] };

async function writeBatch(tenant: string, { db, clock, head, jobs }: Batch) {
  return db.transaction(async (tx) => {
    const drafts: Draft[] = [];
    const answers: (() => void)[] = [];
    const finishes = jobs.filter((job) => job.kind === "finish");
    const redeems = jobs.filter((job) => job.kind === "redeem");
    const entities = await lockEntities(tx, tenant, {
      begins: redeems.flatMap((job) => entityKeysOf(job.action)),
      ends: finishes.flatMap((job) => lockedAtEnd(job.action)),
    });
    const finished = await finishActions(tx, tenant, { actions: finishes.map((job) => job.action), entities });
    for (const [index, job] of finishes.entries()) {
      const answer = finished[index];
      if (answer?.draft) drafts.push(answer.draft);
      answers.push(() => (answer?.finished ? job.settle.resolve() : job.settle.reject(takenOver(job.action.id))));
    }
    const redeemed = await redeemPermits(tx, tenant, { requests: redeems, entities });
    for (const [index, job] of redeems.entries()) {
      const answer = redeemed[index];
      if (!answer) continue;
      if (answer.draft) drafts.push(answer.draft);
      answers.push(() => job.settle.resolve(answer.redemption));
    }
    for (const job of jobs.filter((candidate) => candidate.kind === "alone")) {
      const { drafts: more, value } = await job.work(tx);
      drafts.push(...more);
      answers.push(() => job.settle.resolve(value));
    }
    const entries = linkEntries({ tenant, head, now: new Date(clock.now()).toISOString() }, drafts);
    entities.write();
    insertEntries(tx, entries);
    const last = entries.at(-1);
    return {
      head: last ? { ...head, seq: last.seq, hash: last.hash } : head,
      answer: () => answers.forEach((answer) => answer()),
    };
  });
}

/** A control event goes alone, so that its failure aborts nobody else; all others go together. */
function nextBatch(queue: Job[]): Job[] {
  const first = queue[0];
  if (first?.kind === "alone") return queue.splice(0, 1);
  const until = queue.findIndex((job) => job.kind === "alone");
  return queue.splice(0, Math.min(until === -1 ? queue.length : until, batchMax));
}

function rejectAll(jobs: readonly Job[], error: unknown): void {
  for (const job of jobs) job.settle.reject(error);
}

function closing(): AirworthyError {
  return new AirworthyError("unavailable", "This server is closing and writes nothing more.", {
    retryable: true,
    fix: "Make the same call again once it is back, or at another node: it is answered with the outcome.",
  });
}

function takenOver(id: string): AirworthyError {
  return new AirworthyError("conflict", `Another node has taken over ${id}; this one may no longer write it.`, {
    // The same call again joins the action where it now is, or collects its end.
    retryable: true,
    fix: "Make the same call again: it is answered with the outcome.",
  });
}

const dayOf = (nowMs: number): string => new Date(nowMs).toISOString().slice(0, 10);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
