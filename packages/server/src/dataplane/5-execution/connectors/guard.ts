/** Keeps one sick upstream from taking the others down: a breaker, a bulkhead and patient repeats for each connector. */
import { setTimeout as sleep } from "node:timers/promises";

import {
  BrokenCircuitError,
  BulkheadRejectedError,
  ConsecutiveBreaker,
  TaskCancelledError,
  bulkhead,
  circuitBreaker,
  handleWhenResult,
  wrap,
} from "cockatiel";

import type { ConnectorAnswer, ConnectorCall } from "../../../kernel/deps.ts";

/** One try at an upstream. */
export type Attempt = {
  readonly answer: ConnectorAnswer;
  /** False when the upstream itself seems ill: it could not be reached, broke off or failed. Opens the breaker. */
  readonly healthy: boolean;
  /** Whether another try may help. What has left is sent again only for reads and for writes with `idempotency`. */
  readonly repeatable: boolean;
  /** How long the upstream asks us to wait, in ms. */
  readonly retryAfterMs?: number;
};

export type GuardOptions = {
  /** Failures in a row that open the breaker. Default 5. */
  readonly failures?: number;
  /** How long an open breaker refuses before it lets one call try, in ms. Default 10 s. */
  readonly halfOpenAfterMs?: number;
  /** Calls of one connector at once; default 64. */
  readonly concurrency?: number;
  /** Calls that may wait for their turn; default 256. */
  readonly queue?: number;
  /** Tries of one call, the first included; default 3. */
  readonly tries?: number;
};

/** Runs tries under the guard of the call's connector. `deadlineMonoMs` is on the monotonic clock of the process. */
export type Guards = {
  readonly run: (
    call: ConnectorCall,
    attempt: (deadlineMonoMs: number) => Promise<Attempt>,
  ) => Promise<ConnectorAnswer>;
};

type Policy = { execute: <T>(run: () => Promise<T>, signal: AbortSignal) => Promise<T> };

const firstPauseMs = 50;
const longestPauseMs = 2000;

export function createGuards(options: GuardOptions = {}): Guards {
  const policies = new Map<string, Policy>();
  const policyOf = (call: ConnectorCall): Policy => {
    const key = JSON.stringify([call.tenant, call.tool.connector]);
    const known = policies.get(key) ?? createPolicy(options);
    policies.set(key, known);
    return known;
  };
  return {
    async run(call, attempt) {
      const deadline = performance.now() + call.timeoutMs;
      const mayRepeat = call.tool.effect === "read" || call.tool.definition.idempotency !== undefined;
      const policy = policyOf(call);
      let doubt: ConnectorAnswer | undefined;
      for (let tries = 1; ; tries += 1) {
        const tried = await tryOnce(call, policy, { deadline, attempt });
        const answer = withDoubt(tried.answer, doubt);
        if (answer.kind === "ambiguous") doubt = answer;
        const pause = pauseMs(tries, tried.retryAfterMs);
        const late = performance.now() + pause >= Math.min(deadline, call.dispatchBeforeMonoMs);
        const allowed = tried.repeatable && (mayRepeat || tried.answer.kind === "unsent");
        if (!allowed || tries >= (options.tries ?? 3) || late) return answer;
        await sleep(pause);
      }
    },
  };
}

/** Once a try may have done it, only a plain yes removes the doubt: a later no speaks of the later try alone. */
function withDoubt(answer: ConnectorAnswer, doubt: ConnectorAnswer | undefined): ConnectorAnswer {
  return doubt === undefined || answer.kind === "answered" ? answer : doubt;
}

function createPolicy(options: GuardOptions): Policy {
  const breaker = circuitBreaker(handleWhenResult(isIllness), {
    halfOpenAfter: options.halfOpenAfterMs ?? 10_000,
    breaker: new ConsecutiveBreaker(options.failures ?? 5),
  });
  const gate = wrap(bulkhead(options.concurrency ?? 64, options.queue ?? 256), breaker);
  return { execute: (run, signal) => gate.execute(run, signal) };
}

function isIllness(result: unknown): boolean {
  return typeof result === "object" && result !== null && "healthy" in result && result.healthy === false;
}

type Tries = { readonly deadline: number; readonly attempt: (deadlineMonoMs: number) => Promise<Attempt> };

async function tryOnce(call: ConnectorCall, policy: Policy, { deadline, attempt }: Tries): Promise<Attempt> {
  const { connector } = call.tool;
  const waiting = new AbortController();
  let begun = false;
  let giveUp: NodeJS.Timeout | undefined;
  // The attempt keeps its own deadline; this one is for the time spent in the queue.
  const outOfTime = new Promise<Attempt>((resolve) => {
    giveUp = setTimeout(() => {
      if (begun) return;
      waiting.abort();
      resolve(unsent(`${connector} is busy: the call waited for its turn until its time was over.`));
    }, deadline - performance.now());
  });
  const run = policy.execute(async () => {
    if (waiting.signal.aborted) return unsent(`${connector} is busy.`, true);
    begun = true;
    return attempt(deadline);
  }, waiting.signal);
  try {
    return await Promise.race([run.catch((error: unknown) => explain(error, connector)), outOfTime]);
  } finally {
    clearTimeout(giveUp);
  }
}

function explain(error: unknown, connector: string): Attempt {
  if (error instanceof BrokenCircuitError) {
    return unsent(`${connector} failed several times in a row, so it is left alone for some seconds. Try again then.`);
  }
  if (error instanceof BulkheadRejectedError || error instanceof TaskCancelledError) {
    return unsent(`${connector} has too many calls at once. Try again in a moment.`);
  }
  throw error;
}

function unsent(detail: string, healthy = false): Attempt {
  return { answer: { kind: "unsent", detail }, healthy, repeatable: false };
}

/** Exponential, with full jitter so that callers who failed together do not come back together. */
function pauseMs(tries: number, retryAfterMs = 0): number {
  const ceiling = Math.min(longestPauseMs, firstPauseMs * 2 ** tries);
  return Math.max(retryAfterMs, firstPauseMs / 2 + Math.random() * ceiling);
}
