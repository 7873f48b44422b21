/** The engine's thread: hands each message to the judge and posts what it says. */
import { parentPort } from "node:worker_threads";

import type { HostMessage } from "./engine-messages.ts";
import { createJudge } from "./judge.ts";

const judge = createJudge();
parentPort?.on("message", (message: HostMessage) => parentPort?.postMessage(judge(message), []));
