/** Reads documents in a process that may die of them: each has a limit of time and of memory. */
import type { ChildProcess } from "node:child_process";

import { AirworthyError } from "@airworthy/contract";

import type { DocumentJob, DocumentRefusal, ReadDocument } from "./document.ts";
import { startReader } from "./start-reader.ts";

export type DocumentReader = {
  /**
   * One after the other. Never rejects for what the document is.
   * @throws AirworthyError `internal` where the process does not start, `unavailable` when it is closed meanwhile.
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
/** Then a fresh process: whatever a library keeps is gone with the old one. */
const documentsPerProcess = 1000;

// A thread would not do: one that runs out of its heap can take the whole process with it.
export function createDocumentReader({ deadlineMs = 30_000, heapMb = 512 }: Options = {}): DocumentReader {
  let child: { readonly process: ChildProcess; read: number } | undefined;
  let before: Promise<unknown> = Promise.resolve();
  let closed = false;
  const drop = (): void => {
    child?.process.kill("SIGKILL");
    child = undefined;
  };

  async function readOne(job: DocumentJob): Promise<ReadDocument | DocumentRefusal> {
    if (child !== undefined && child.read >= documentsPerProcess) drop();
    child ??= { process: await start(heapMb), read: 0 };
    if (closed) drop();
    if (child === undefined) throw readerClosed();
    child.read += 1;
    const answer = await ask(child.process, job, deadlineMs);
    if (answer.kind !== "died") return answer;
    if (closed) throw readerClosed();
    drop();
    return { kind: "refused", reason: answer.why };
  }

  return {
    read: (job) => {
      const reading = before.then(() => {
        if (closed) throw readerClosed();
        return readOne(job);
      });
      before = reading.catch(() => undefined);
      return reading;
    },
    close: async () => {
      closed = true;
      drop();
      await before;
    },
  };
}

const readerClosed = (): AirworthyError =>
  new AirworthyError("unavailable", "Documents are read no longer.", { retryable: true });

async function start(heapMb: number): Promise<ChildProcess> {
  const child = startReader(heapMb);
  // One that fails after it was given up must not take us with it.
  child.on("error", () => undefined);
  const said = await firstOf(child, startMs);
  if (said.kind === "message") {
    child.unref();
    child.channel?.unref();
    return child;
  }
  child.kill("SIGKILL");
  throw new AirworthyError("internal", `The reader of documents does not start (${said.kind}).`);
}

type Died = { readonly kind: "died"; readonly why: string };

async function ask(
  child: ChildProcess,
  job: DocumentJob,
  deadlineMs: number,
): Promise<ReadDocument | DocumentRefusal | Died> {
  const saying = firstOf(child, deadlineMs);
  child.send(job, () => undefined);
  const said = await saying;
  switch (said.kind) {
    case "message":
      // The only sender is reader-process.ts.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return said.message as ReadDocument | DocumentRefusal;
    case "silence":
      return { kind: "died", why: `reading it took longer than ${deadlineMs / 1000} s` };
    case "end":
      return { kind: "died", why: "reading it ended the reader: it needs more memory than a document may have" };
  }
}

type Said = { readonly kind: "message"; readonly message: unknown } | { readonly kind: "silence" | "end" };

function firstOf(child: ChildProcess, withinMs: number): Promise<Said> {
  return new Promise((resolve) => {
    const finish = (said: Said): void => {
      clearTimeout(timer);
      child.off("message", hear).off("exit", end).off("error", end);
      resolve(said);
    };
    const hear = (message: unknown): void => finish({ kind: "message", message });
    const end = (): void => finish({ kind: "end" });
    const timer = setTimeout(() => finish({ kind: "silence" }), withinMs);
    child.on("message", hear).on("exit", end).on("error", end);
  });
}
