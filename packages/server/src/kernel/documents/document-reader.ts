/** Reads documents in a thread that may die of them: each has a limit of time and of memory. */
import type { Worker } from "node:worker_threads";

import { AirworthyError } from "@airworthy/contract";

import { startWorker } from "../worker-entry.ts";
import type { DocumentJob, DocumentRefusal, ReadDocument } from "./document.ts";

export type DocumentReader = {
  /**
   * One after the other. Never rejects for what the document is.
   * @throws AirworthyError `internal` where the thread does not start, `unavailable` when it is closed meanwhile.
   */
  readonly read: (job: DocumentJob) => Promise<ReadDocument | DocumentRefusal>;
  readonly close: () => Promise<void>;
};

type Options = {
  /** Milliseconds for one document. Default 30,000. */
  readonly deadlineMs?: number;
  /** MiB of heap. Default 512. */
  readonly heapMb?: number;
};

const startMs = 60_000;
/** Then a fresh thread: whatever a library keeps is gone with the old one. */
const documentsPerThread = 1000;

export function createDocumentReader({ deadlineMs = 30_000, heapMb = 512 }: Options = {}): DocumentReader {
  let thread: { readonly worker: Worker; read: number } | undefined;
  let before: Promise<unknown> = Promise.resolve();
  let closed = false;
  const drop = async (): Promise<void> => {
    const dropped = thread;
    thread = undefined;
    await dropped?.worker.terminate();
  };

  async function readOne(job: DocumentJob): Promise<ReadDocument | DocumentRefusal> {
    if (closed) throw new AirworthyError("unavailable", "Documents are read no longer.", { retryable: true });
    if (thread !== undefined && thread.read >= documentsPerThread) await drop();
    thread ??= { worker: await start(heapMb), read: 0 };
    thread.read += 1;
    const answer = await ask(thread.worker, job, deadlineMs);
    if (answer.kind === "died") await drop();
    return answer.kind === "died" ? { kind: "refused", reason: answer.why } : answer;
  }

  return {
    read: (job) => {
      const reading = before.then(() => readOne(job));
      before = reading.catch(() => undefined);
      return reading;
    },
    close: async () => {
      closed = true;
      await drop();
    },
  };
}

async function start(heapMb: number): Promise<Worker> {
  const worker = startWorker(new URL("./reader-worker.ts", import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 },
    name: "document-reader",
    // What a library prints of a document is nobody's log.
    stdout: true,
    stderr: true,
  });
  worker.stdout.resume();
  worker.stderr.resume();
  // A thread that fails after it was given up must not take the process with it.
  worker.on("error", () => undefined);
  const said = await firstOf(worker, startMs);
  if (said.kind !== "message")
    throw new AirworthyError("internal", `The reader of documents does not start (${said.kind}).`);
  worker.unref();
  return worker;
}

type Died = { readonly kind: "died"; readonly why: string };

async function ask(
  worker: Worker,
  job: DocumentJob,
  deadlineMs: number,
): Promise<ReadDocument | DocumentRefusal | Died> {
  const saying = firstOf(worker, deadlineMs);
  worker.postMessage(job, []);
  const said = await saying;
  switch (said.kind) {
    case "message":
      // The only sender is reader-worker.ts.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return said.message as ReadDocument | DocumentRefusal;
    case "silence":
      return { kind: "died", why: `reading it took longer than ${deadlineMs / 1000} s` };
    case "memory":
      return { kind: "died", why: "it needs more memory than a document may have" };
    default:
      return { kind: "died", why: "reading it ended the reader" };
  }
}

type Said = { readonly kind: "message"; readonly message: unknown } | { readonly kind: "silence" | "memory" | "end" };

function firstOf(worker: Worker, withinMs: number): Promise<Said> {
  return new Promise((resolve) => {
    const finish = (said: Said): void => {
      clearTimeout(timer);
      worker.off("message", hear).off("error", fail).off("exit", end);
      resolve(said);
    };
    const hear = (message: unknown): void => finish({ kind: "message", message });
    const fail = (error: unknown): void => finish({ kind: isOutOfMemory(error) ? "memory" : "end" });
    const end = (): void => finish({ kind: "end" });
    const timer = setTimeout(() => finish({ kind: "silence" }), withinMs);
    worker.on("message", hear).on("error", fail).on("exit", end);
  });
}

const isOutOfMemory = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
