/** Owns the thread that runs Cedar: batches calls, watches deadlines, and replaces the thread after a fault. */
import type { Worker } from "node:worker_threads";

import { AirworthyError } from "@airworthy/contract";

import { messageOf } from "./cedar-authorize.ts";
import type { HostMessage, JudgeCall, PrepareStep, ThreadMessage, Verdict } from "./engine-messages.ts";
import { startWorker } from "./worker-entry.ts";

export type PolicyHostOptions = {
  /** A call that is not judged within this time, waiting included, is a fault. Milliseconds. */
  readonly deadlineMs: number;
  /** Calls that may wait; one more is a fault at once. */
  readonly maxWaiting: number;
  /** What a new thread must be told before anything else. */
  readonly retained: () => readonly PrepareStep[];
  /** The thread's file. Default: the engine's own. */
  readonly thread?: URL;
};

type Waiting = {
  readonly call: JudgeCall;
  readonly answer: (verdict: Verdict) => void;
  readonly expiresAt: number;
  /** Threads that died while they held this call. */
  deaths: number;
  done: boolean;
};
type Preparation = {
  readonly steps: readonly PrepareStep[];
  readonly resolve: () => void;
  readonly reject: (error: AirworthyError) => void;
  deaths: number;
};

const batchSize = 16;
// Two, so that the thread finds the next batch when it has answered one.
const maxBatches = 2;
// A call that two threads died of is taken for the cause.
const maxDeaths = 2;
const maxFailedStarts = 3;
const retainedJob = 0;
// A new thread first parses all that is retained; to take that for silence would replace it for ever.
const startAllowanceMs = 60_000;

export class PolicyHost {
  readonly #options: PolicyHostOptions;
  readonly #batches = new Map<number, readonly Waiting[]>();
  readonly #preparations = new Map<number, Preparation>();
  #queue: Waiting[] = [];
  #worker: Worker | undefined;
  #jobs = retainedJob;
  #failedStarts = 0;
  #replaced = 0;
  #ready = false;
  #lastSignAt = 0;
  #flushing = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PolicyHostOptions) {
    this.#options = options;
  }

  /** How often a thread had to be replaced. */
  get replaced(): number {
    return this.#replaced;
  }

  /** Judges one call. Never rejects: what goes wrong is a verdict of kind `fault`. */
  judge(call: JudgeCall): Promise<Verdict> {
    return new Promise((answer) => {
      const waiting: Waiting = {
        call,
        answer,
        expiresAt: performance.now() + this.#options.deadlineMs,
        deaths: 0,
        done: false,
      };
      if (this.#closed) return settle(waiting, faultVerdict("the policy engine is closed"));
      if (this.#queue.length >= this.#options.maxWaiting)
        return settle(waiting, faultVerdict("too many calls wait for the policy engine"));
      this.#queue.push(waiting);
      this.#flushSoon();
    });
  }

  /** Puts steps into the thread, all or an error. Calls made before are judged before, calls made after, after. */
  prepare(steps: readonly PrepareStep[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new AirworthyError("unavailable", "the policy engine is closed"));
        return;
      }
      // Everything asked so far goes first, however many batches that makes: the steps may overwrite what it is about.
      this.#flush(Infinity);
      this.#jobs += 1;
      this.#preparations.set(this.#jobs, { steps, resolve, reject, deaths: 0 });
      if (this.#worker === undefined) this.#start();
      else this.#send({ type: "prepare", job: this.#jobs, steps });
    });
  }

  /** Ends the thread; every call and preparation still open ends in a fault. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const worker = this.#worker;
    this.#worker = undefined;
    this.#failAll("the policy engine is closed");
    await worker?.terminate();
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(most = maxBatches): void {
    if (this.#closed) return;
    if (this.#queue.length > 0 && this.#worker === undefined) this.#start();
    while (this.#queue.length > 0 && this.#batches.size < most && this.#worker !== undefined) {
      const batch = this.#queue.splice(0, batchSize).filter((waiting) => !waiting.done);
      if (batch.length === 0) continue;
      this.#jobs += 1;
      this.#batches.set(this.#jobs, batch);
      this.#send({ type: "judge", job: this.#jobs, calls: batch.map((waiting) => waiting.call) });
    }
    if (this.#queue.length > 0 || this.#batches.size > 0) this.#watch();
  }

  #send(message: HostMessage): void {
    this.#worker?.postMessage(message);
  }

  #start(): void {
    const worker = startWorker(this.#options.thread ?? new URL("./engine-worker.ts", import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 1_024, stackSizeMb: 4 },
      name: "policy-engine",
    });
    this.#worker = worker;
    this.#ready = false;
    this.#lastSignAt = performance.now();
    worker.on("message", (message: ThreadMessage) => {
      if (this.#worker === worker) this.#receive(message);
    });
    const lose = (cause: string): void => {
      if (this.#worker !== worker) return;
      this.#failedStarts += 1;
      this.#replace(cause, { blameHolders: true });
    };
    worker.on("error", (error) => lose(messageOf(error)));
    worker.on("exit", () => lose("the policy thread ended"));
    this.#send({ type: "prepare", job: retainedJob, steps: this.#options.retained() });
    for (const [job, { steps }] of this.#preparations) this.#send({ type: "prepare", job, steps });
  }

  #receive(message: ThreadMessage): void {
    this.#ready = true;
    this.#lastSignAt = performance.now();
    if (message.type === "judged") this.#receiveVerdicts(message);
    else if (message.job !== retainedJob) this.#receivePreparation(message);
    if (message.poisoned) {
      if (message.job === retainedJob) this.#failedStarts += 1;
      this.#replace("the policy engine threw", { blameHolders: false });
      return;
    }
    this.#failedStarts = 0;
    this.#flush();
  }

  #receiveVerdicts({ job, verdicts }: Extract<ThreadMessage, { type: "judged" }>): void {
    const batch = this.#batches.get(job) ?? [];
    this.#batches.delete(job);
    for (const [index, verdict] of verdicts.entries()) {
      const waiting = batch[index];
      if (waiting !== undefined) settle(waiting, verdict);
    }
    const unjudged = batch.slice(verdicts.length);
    if (unjudged.length > 0) this.#queue = [...unjudged, ...this.#queue];
  }

  #receivePreparation({ job, error, poisoned }: Extract<ThreadMessage, { type: "prepared" }>): void {
    const preparation = this.#preparations.get(job);
    this.#preparations.delete(job);
    if (error === undefined) preparation?.resolve();
    else
      preparation?.reject(
        new AirworthyError(poisoned ? "internal" : "invalid_input", `the policy engine refused a bundle: ${error}`),
      );
  }

  #replace(cause: string, { blameHolders }: { readonly blameHolders: boolean }): void {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#replaced += 1;
    void worker?.terminate();
    const held = [...this.#batches.values()].flat();
    this.#batches.clear();
    if (blameHolders) {
      for (const waiting of held) waiting.deaths += 1;
      for (const [job, preparation] of this.#preparations) {
        preparation.deaths += 1;
        if (preparation.deaths < maxDeaths) continue;
        this.#preparations.delete(job);
        preparation.reject(new AirworthyError("internal", `the policy engine died of a bundle: ${cause}`));
      }
    }
    for (const waiting of held) if (waiting.deaths >= maxDeaths) settle(waiting, faultVerdict(cause));
    this.#queue = [...held.filter((waiting) => !waiting.done), ...this.#queue];
    if (this.#closed) return;
    // A thread that cannot even start is tried again by the next caller, not in a loop.
    if (this.#failedStarts < maxFailedStarts) this.#start();
    else this.#failAll(cause);
    this.#flush();
  }

  #failAll(cause: string): void {
    const open = [...[...this.#batches.values()].flat(), ...this.#queue];
    this.#batches.clear();
    this.#queue = [];
    for (const waiting of open) settle(waiting, faultVerdict(cause));
    for (const { reject } of this.#preparations.values())
      reject(new AirworthyError("unavailable", cause, { retryable: true }));
    this.#preparations.clear();
  }

  #watch(): void {
    if (this.#timer !== undefined) return;
    // Calls wait in the order they came, so the first one held is the first to expire.
    const [first] = [...(this.#batches.values().next().value ?? []), ...this.#queue.slice(0, 1)];
    const delayMs = Math.max(1, (first?.expiresAt ?? 0) - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#expire();
    }, delayMs);
  }

  #expire(): void {
    const now = performance.now();
    const held = [...this.#batches.values()].flat();
    const late = [...held, ...this.#queue].filter((waiting) => waiting.expiresAt <= now);
    for (const waiting of late) settle(waiting, faultVerdict(`no decision within ${this.#options.deadlineMs} ms`));
    this.#queue = this.#queue.filter((waiting) => !waiting.done);
    const silent = now - this.#lastSignAt >= (this.#ready ? this.#options.deadlineMs : startAllowanceMs);
    if (late.length > 0 && held.length > 0 && silent)
      this.#replace("the policy thread fell silent", { blameHolders: true });
    if (this.#queue.length > 0 || this.#batches.size > 0) this.#watch();
  }
}

function settle(waiting: Waiting, verdict: Verdict): void {
  if (waiting.done) return;
  waiting.done = true;
  waiting.answer(verdict);
}

function faultVerdict(detail: string): Verdict {
  return { outcome: { kind: "fault", detail, thrown: false, errored: [] }, shadow: [] };
}
