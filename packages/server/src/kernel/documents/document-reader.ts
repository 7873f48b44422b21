/** Reads documents in a process that may die of them: each has a limit of time and of memory. */
import type { ChildProcess } from "node:child_process";

import { AirworthyError } from "@airworthy/contract";

import type { DocumentJob, DocumentRefusal, ReadDocument } from "./document.ts";
import { startReader } from "./start-reader.ts";

export type DocumentReader = {
  /**
   * Answers one for each, in their order. Never rejects for what a document is; one that ends the reader does no harm to the
   * others, which are then read one by one.
   * @throws AirworthyError `internal` where the process does not start, `unavailable` when it is closed meanwhile, or ended
   *   from outside more than once: that says nothing of the documents.
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
  const childFor = async (count: number): Promise<ChildProcess> => {
    if (child !== undefined && child.read >= documentsPerProcess) drop();
    const own = child ?? { process: await start(heapMb), read: 0 };
    child = own;
    // One that ends while nothing is asked of it must not be taken for one that reads.
    if (own.read === 0) own.process.once("exit", () => void (child = child === own ? undefined : child));
    own.read += count;
    if (!closed) return own.process;
    drop();
    throw readerClosed();
  };

  async function readTogether(jobs: readonly DocumentJob[], isAgain = false): Promise<Answer[]> {
    if (jobs.length === 0) return [];
    const said = await ask(await childFor(jobs.length), jobs, deadlineMs);
    if (said.kind === "answers") return said.answers;
    if (closed) throw readerClosed();
    drop();
    const isAlone = jobs.length === 1;
    const mayBeOurs = said.kind === "ended" || (said.kind === "died" && isAlone);
    if (mayBeOurs && !isAgain) return readTogether(jobs, true);
    if (said.kind === "ended") throw readerEnded(said.how);
    if (isAlone) return [{ kind: "refused", reason: said.how, mayPass: true }];
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

const readerEnded = (how: string): AirworthyError =>
  new AirworthyError("unavailable", `The reader of documents was ended from outside (${how}).`, {
    retryable: true,
    fix: "Look at who ends processes on this machine.",
  });

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
  throw new AirworthyError("internal", `The reader of documents does not start (${said.kind}).`, { retryable: true });
}

type Asked =
  | { readonly kind: "answers"; readonly answers: Answer[] }
  /** `died`: of what it was given, as far as can be told. `ended`: by something else. */
  | { readonly kind: "slow" | "died" | "ended"; readonly how: string };

async function ask(child: ChildProcess, jobs: readonly DocumentJob[], deadlineMs: number): Promise<Asked> {
  const said = await firstOf(child, deadlineMs, (unsent) => child.send(jobs, unsent));
  switch (said.kind) {
    case "message":
      // The only sender is reader-process.ts.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return { kind: "answers", answers: said.message as Answer[] };
    case "silence":
      return { kind: "slow", how: `reading it took longer than ${deadlineMs / 1000} s` };
    case "unsent":
      return { kind: "ended", how: "nothing can be sent to it" };
    case "end":
      return isFromOutside(said)
        ? { kind: "ended", how: said.signal ?? `exit ${said.code}` }
        : { kind: "died", how: "reading it ended the reader: it needs more memory than a document may have" };
  }
}

type End = { readonly code: number | null; readonly signal: NodeJS.Signals | null };
type Said =
  | { readonly kind: "message"; readonly message: unknown }
  | { readonly kind: "silence" | "unsent" }
  | (End & { readonly kind: "end" });

const outside: ReadonlySet<string> = new Set(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]);

/** What no document can do. SIGKILL may be the system's answer to the memory that one takes. */
const isFromOutside = ({ code, signal }: End): boolean => code === 0 || (signal !== null && outside.has(signal));

function firstOf(
  child: ChildProcess,
  withinMs: number,
  begin: (unsent: (error: Error | null) => void) => void = () => undefined,
): Promise<Said> {
  return new Promise((resolve) => {
    const finish = (said: Said): void => {
      clearTimeout(timer);
      child.off("message", hear).off("exit", end).off("error", fail);
      resolve(said);
    };
    const hear = (message: unknown): void => finish({ kind: "message", message });
    const end = (code: number | null, signal: NodeJS.Signals | null): void => finish({ kind: "end", code, signal });
    const fail = (): void => finish({ kind: "unsent" });
    const timer = setTimeout(() => finish({ kind: "silence" }), withinMs);
    child.on("message", hear).on("exit", end).on("error", fail);
    begin((error) => {
      // One that is ending says how in a moment.
      if (error !== null) setImmediate(fail);
    });
  });
}
