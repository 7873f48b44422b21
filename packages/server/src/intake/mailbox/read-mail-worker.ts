/** The thread that reads mails, one after the other: a mail that kills it kills nothing else. */
import { parentPort, workerData } from "node:worker_threads";

import { readMail } from "./read-mail.ts";

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- given by mail-reader.ts
const { authservId } = workerData as { readonly authservId: string | undefined };

/* oxlint-disable unicorn/require-post-message-target-origin -- a thread's port has no origin */
parentPort?.on("message", (raw: Uint8Array) => {
  void readMail(raw, authservId).then((read) => parentPort?.postMessage(read));
});
parentPort?.postMessage("ready");
