/** How the agents are started, and how they tell what they do: one JSON line an event on standard output. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { setInterval as every } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { z } from "zod";

export type Report = (event: string, fields?: Readonly<Record<string, unknown>>) => void;

export type AgentOptions = {
  readonly mcpUrl: string;
  readonly key: string;
  /** 1 is an unhurried agent: about one new case a second. */
  readonly rate: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly report: Report;
};

const flags = z.object({
  mcp: z.url({ error: "--mcp is the URL of the MCP server" }),
  "key-file": z.string({ error: "--key-file is a file that holds the agent's key" }),
  rate: z.coerce.number().positive().default(1),
  seed: z.coerce.number().int().default(1),
});

/** Runs the agent when its file is the program that was started; does nothing when the file was imported. */
export async function runAsProgram(
  moduleUrl: string,
  name: string,
  run: (options: AgentOptions) => Promise<void>,
): Promise<void> {
  const started = process.argv[1];
  if (started === undefined || !existsSync(started) || realpathSync(started) !== fileURLToPath(moduleUrl)) return;
  const { values } = parseArgs({
    options: {
      mcp: { type: "string" },
      "key-file": { type: "string" },
      rate: { type: "string" },
      seed: { type: "string" },
    },
  });
  const parsed = flags.safeParse(values);
  if (!parsed.success) {
    process.stderr.write(`${name}: ${z.prettifyError(parsed.error)}\n`);
    process.exitCode = 2;
    return;
  }
  const stopping = new AbortController();
  for (const stop of ["SIGINT", "SIGTERM"] as const) {
    process.once(stop, () => {
      stopping.abort();
    });
  }
  const { mcp: mcpUrl, "key-file": keyFile, rate, seed } = parsed.data;
  const key = readFileSync(keyFile, "utf8").trim();
  await run({ mcpUrl, key, rate, seed, signal: stopping.signal, report: reportTo(process.stdout, name) });
}

export function reportTo(stream: { readonly write: (line: string) => unknown }, agent: string): Report {
  return (event, fields = {}) => {
    stream.write(`${JSON.stringify({ at: new Date().toISOString(), agent, event, ...fields })}\n`);
  };
}

/** One beat every `ms` milliseconds until the signal aborts; a slow listener makes beats fewer, never crowded. */
export async function* beats(ms: number, signal: AbortSignal): AsyncGenerator<void> {
  try {
    for await (const _ of every(ms, undefined, { signal })) yield;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
