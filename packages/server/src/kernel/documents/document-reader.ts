/** Reads documents in a process that may die of them: each has a limit of time and of memory. */
import type { ChildProcess } from "node:child_process";

import { AirworthyError } from "@airworthy/contract";

import type { DocumentJob, DocumentRefusal, ReadDocument } from "./document.ts";
import { startReader } from "./start-reader.ts";

export type DocumentReader = {
  /**
   * Answers one for each, in their order. Never rejects for what a document is; one that ends the reader does no harm to the
   * others, which are then read one by one.
   * @throws AirworthyError `internal` where the process does not start, `unavailable` when it is closed meanwhile.
   */
  readonly read: (jobs: readonly DocumentJob[]) => Promise<Answer[]>;
  readonly close: () => Promise<void>;
};

type Answer = ReadDocument | DocumentRefusal;
type Options = {
  /** Milliseconds for one document, and for several that are read together. Default 30,000. */
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

  async function readTogether(jobs: readonly DocumentJob[]): Promise<Answer[]> {
    if (jobs.length === 0) return [];
    if (child !== undefined && child.read >= documentsPerProcess) drop();
    child ??= { process: await start(heapMb), read: 0 };
    if (closed) drop();
    if (child === undefined) throw readerClosed();
    child.read += jobs.length;
    const said = await ask(child.process, jobs, deadlineMs);
    if ("answers" in said) return said.answers;
    if (closed) throw readerClosed();
    drop();
    if (jobs.length === 1) return [{ kind: "refused", reason: said.died }];
    const answers: Answer[] = [];
    // oxlint-disable-next-line no-await-in-loop -- which of them it was shows when each is alone
    for (const job of jobs) answers.push(...(await readTogether([job])));
    return answers;
  }

  return {
    read: (jobs) => {
      const reading = before.then(() => {
        if (closed) throw readerClosed();
        return readTogether(jobs);
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

async function ask(
  child: ChildProcess,
  jobs: readonly DocumentJob[],
  deadlineMs: number,
): Promise<{ readonly answers: Answer[] } | { readonly died: string }> {
  const saying = firstOf(child, deadlineMs);
  child.send(jobs, () => undefined);
  const said = await saying;
  switch (said.kind) {
    case "message":
      // The only sender is reader-process.ts.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return { answers: said.message as Answer[] };
    case "silence":
      return { died: `reading it took longer than ${deadlineMs / 1000} s` };
    case "end":
      return { died: "reading it ended the reader: it needs more memory than a document may have" };
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
