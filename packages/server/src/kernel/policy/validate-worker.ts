/** The disposable thread in which one candidate bundle is checked. */
import { parentPort, workerData } from "node:worker_threads";

import { checkBundle } from "./check-bundle.ts";
import type { CandidateBundle } from "./check-bundle.ts";
import type { TextLimits } from "./policy-text.ts";

// The only sender is validate-bundle.ts.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const { bundle, limits } = workerData as { readonly bundle: CandidateBundle; readonly limits: TextLimits };
parentPort?.postMessage(checkBundle(bundle, limits), []);
