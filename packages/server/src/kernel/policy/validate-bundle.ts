/** Checks a candidate bundle in a thread of its own, so that a text which kills the engine kills only that thread. */
import type { Finding } from "@airworthy/contract";

import type { CandidateBundle, CheckedBundle } from "./check-bundle.ts";
import { engineDied } from "./policy-source.ts";
import { textLimits } from "./policy-text.ts";
import type { TextLimits } from "./policy-text.ts";
import { startWorker } from "./worker-entry.ts";

export type ValidationOptions = {
  /** How long the check may take, in milliseconds. Default 20,000. */
  readonly deadlineMs?: number;
  readonly limits?: TextLimits;
};

const defaultDeadlineMs = 20_000;

/** The policies of the bundle and all findings; never rejects. A bundle with any finding must not be loaded. */
export function validateBundle(bundle: CandidateBundle, options: ValidationOptions = {}): Promise<CheckedBundle> {
  const deadlineMs = options.deadlineMs ?? defaultDeadlineMs;
  const worker = startWorker(new URL("./validate-worker.ts", import.meta.url), {
    workerData: { bundle, limits: options.limits ?? textLimits },
    resourceLimits: { maxOldGenerationSizeMb: 512, stackSizeMb: 4 },
    name: "policy-validation",
  });
  return new Promise((resolve) => {
    const finish = (checked: CheckedBundle): void => {
      clearTimeout(timer);
      resolve(checked);
      void worker.terminate();
    };
    const fail = (message: string): void => finish({ policies: [], findings: [describeDeath(message, bundle)] });
    const timer = setTimeout(() => fail(`checking took longer than ${deadlineMs} ms`), deadlineMs);
    worker.once("message", finish);
    worker.once("error", (error) => fail(error instanceof Error ? error.message : "the thread died"));
    worker.once("exit", () => fail("the thread ended without an answer"));
  });
}

function describeDeath(cause: string, bundle: CandidateBundle): Finding {
  return {
    code: engineDied,
    severity: "error",
    file: bundle.policies[0]?.path ?? "",
    line: 1,
    column: 1,
    length: 0,
    message: `the policies could not be checked: ${cause}`,
    hint: "a policy among them is too large or too deep: remove the latest and check again",
  };
}
