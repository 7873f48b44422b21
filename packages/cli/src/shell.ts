/** The world as a command sees it: streams, place, time and the parts it may load. Tests hand in another one. */
import { createInterface } from "node:readline/promises";

import type { FetchLike } from "@airworthy/sdk";

import { readEnvironment, type Environment } from "./environment.ts";
import type { ServerParts } from "./server-parts.ts";

export type Shell = {
  /** Data goes to stdout, everything else to stderr. */
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  readonly inIsTerminal: boolean;
  /** The terminal's width in columns; 80 where there is none. */
  readonly columns: number;
  readonly environment: Environment;
  readonly cwd: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly readInput: () => Promise<string>;
  /** Asks on stderr, so that stdout stays data. */
  readonly ask: (question: string) => Promise<string>;
  /** Resolves at the first request to end; a second one ends the process at once. */
  readonly untilAskedToEnd: () => Promise<void>;
  readonly pid: number;
  readonly startedMs: () => number;
  readonly loadServer: () => Promise<ServerParts>;
  readonly fetch?: FetchLike;
};

/** The real shell of this process. */
export function createShell(loadServer: () => Promise<ServerParts>): Shell {
  const { stdin, stdout, stderr } = process;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    outIsTerminal: stdout.isTTY,
    errIsTerminal: stderr.isTTY,
    inIsTerminal: stdin.isTTY,
    // Some pseudo-terminals report no columns, or 0.
    columns: stdout.columns > 0 ? stdout.columns : 80,
    environment: readEnvironment(process.env),
    cwd: process.cwd(),
    now: () => Date.now(),
    sleep: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
    readInput,
    ask,
    untilAskedToEnd,
    pid: process.pid,
    startedMs: () => Math.round(performance.now()),
    loadServer,
  };
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

/** A process group and a wrapper may both deliver the same Ctrl-C; within this time it counts once. */
const sameSignalMs = 250;

function untilAskedToEnd(): Promise<void> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (firstAt === undefined) {
        firstAt = performance.now();
        resolve();
      } else if (performance.now() - firstAt > sameSignalMs) {
        process.exit(signal === "SIGINT" ? 130 : 143);
      }
    };
    process.on("SIGINT", onSignal);
    process.on("SIGTERM", onSignal);
  });
}
