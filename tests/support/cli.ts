/** The real command line, run as people run it: a process of its own, in a folder, with an environment. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

const main = path.resolve(import.meta.dirname, "../../packages/cli/src/main.ts");
const tsconfig = path.resolve(import.meta.dirname, "../../tsconfig.json");
/** By its place, because the folder that a command runs in has no node_modules. */
const tsx = import.meta.resolve("tsx");

export type Ran = { readonly code: number | null; readonly out: string; readonly err: string };
export type CliOptions = {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
};

function spawnCli(words: readonly string[], { cwd, env = {} }: CliOptions): ChildProcess {
  const { PATH = "", HOME = "" } = process.env;
  return spawn(process.execPath, ["--conditions=airworthy-source", "--import", tsx, main, ...words], {
    cwd,
    // The loader would otherwise apply the tsconfig.json of whatever folder the command runs in.
    env: { PATH, HOME, TSX_TSCONFIG_PATH: tsconfig, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
}

/** Runs one command to its end. */
export async function runCli(words: readonly string[], options: CliOptions): Promise<Ran> {
  const child = spawnCli(words, options);
  const said = listen(child);
  child.stdin?.end(options.input ?? "");
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...said };
}

export type RunningCli = {
  readonly pid: number;
  readonly said: { readonly out: string; readonly err: string };
  /** Resolves with the first line on stdout; rejects with all that was said when the process ended without one. */
  readonly firstLine: () => Promise<string>;
  readonly signal: (name: NodeJS.Signals) => void;
  readonly ended: Promise<Ran>;
};

/** Starts a command that goes on, such as `start`. */
export function startCli(words: readonly string[], options: CliOptions): RunningCli {
  const child = spawnCli(words, options);
  const said = listen(child);
  const ended = once(child, "close").then(([code]): Ran => ({ code: code as number | null, ...said }));
  return {
    pid: child.pid ?? 0,
    said,
    firstLine: async () => {
      for (;;) {
        const [line] = said.out.split("\n", 1);
        if (said.out.includes("\n") && line !== undefined) return line;
        // oxlint-disable-next-line no-await-in-loop -- whichever comes first
        const next = await Promise.race([once(child.stdout ?? child, "data"), ended]);
        if (!Array.isArray(next) && !said.out.includes("\n")) throw new Error(`ended with ${next.code}: ${next.err}`);
      }
    },
    signal: (name) => void child.kill(name),
    ended,
  };
}

function listen(child: ChildProcess): { out: string; err: string } {
  const said = { out: "", err: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (said.out += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said.err += text));
  return said;
}
