/** Reads mails in a thread of its own, which is replaced where one takes too long, takes too much, or kills it. */
import type { Worker } from "node:worker_threads";

import { AirworthyError } from "@airworthy/contract";

import { startWorker } from "../../kernel/policy/worker-entry.ts";
import type { ReadMail } from "./mail.ts";
import { mailLimits } from "./mail-limits.ts";

export type MailReader = {
  /**
   * One at a time.
   * @throws AirworthyError `unavailable`, retryable, when no thread can be started: no mail is to blame for that.
   */
  readonly read: (raw: Uint8Array) => Promise<ReadMail>;
  readonly close: () => Promise<void>;
};

type Options = {
  readonly authservId: string | undefined;
  /** Milliseconds for one mail. */
  readonly readMs?: number;
  readonly heapMb?: number;
  /** Ends a mail that is being read: reading it then rejects, for nothing is known of it. */
  readonly signal?: AbortSignal;
};

const startMs = 60_000;
/** Once may be the machine's fault. A mail that ended two threads is taken for the cause. */
const attempts = 2;

export function createMailReader({
  authservId,
  readMs = mailLimits.readMs,
  heapMb = mailLimits.heapMb,
  signal,
}: Options): MailReader {
  let worker: Worker | undefined;
  const drop = async (): Promise<void> => {
    const gone = worker;
    worker = undefined;
    await gone?.terminate();
  };
  const onAbort = (): void => void drop();
  signal?.addEventListener("abort", onAbort, { once: true });
  async function start(): Promise<Worker> {
    const started = startWorker(new URL("./read-mail-worker.ts", import.meta.url), {
      workerData: { authservId },
      resourceLimits: { maxOldGenerationSizeMb: heapMb, stackSizeMb: 4 },
      name: "mail-reader",
    });
    worker = started;
    started.on("error", () => undefined);
    started.once("exit", () => {
      if (worker === started) worker = undefined;
    });
    const answer = await nextOf(started, startMs);
    signal?.throwIfAborted();
    if ("message" in answer) return started;
    await drop();
    const fix = "Look at the memory of the machine.";
    throw new AirworthyError("unavailable", `The thread that reads mails did not start: ${answer.end}.`, {
      retryable: true,
      fix,
    });
  }
  return {
    read: async (raw) => {
      let why = "";
      for (let attempt = 0; attempt < attempts; attempt += 1) {
        signal?.throwIfAborted();
        // oxlint-disable-next-line no-await-in-loop -- again, in a new thread
        const reader = worker ?? (await start());
        const copy = Uint8Array.from(raw);
        const answering = nextOf(reader, readMs);
        reader.postMessage(copy, [copy.buffer]);
        // oxlint-disable-next-line no-await-in-loop
        const answer = await answering;
        signal?.throwIfAborted();
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own thread says nothing else
        if ("message" in answer) return answer.message as ReadMail;
        // oxlint-disable-next-line no-await-in-loop
        await drop();
        why = answer.end;
      }
      return { why: `mail (reading it ${why})` };
    },
    close: async () => {
      signal?.removeEventListener("abort", onAbort);
      await drop();
    },
  };
}

type Answer = { readonly message: unknown } | { readonly end: string };

function nextOf(worker: Worker, ms: number): Promise<Answer> {
  return new Promise((resolve) => {
    const settle = (answer: Answer): void => {
      clearTimeout(timer);
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      resolve(answer);
    };
    const onMessage = (message: unknown): void => settle({ message });
    const onError = (error: unknown): void => {
      const isMemory = error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
      settle({ end: isMemory ? "takes too much memory" : "ends the thread" });
    };
    const onExit = (): void => settle({ end: "ends the thread" });
    const timer = setTimeout(() => settle({ end: `takes more than ${ms} ms` }), ms);
    worker.once("message", onMessage).once("error", onError).once("exit", onExit);
  });
}
