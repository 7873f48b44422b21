/** `airworthy start`: runs the server until it is asked to end. */
import type { Command } from "commander";
import { resolve } from "node:path";

import { act, type Call, type Cli } from "../call.ts";
import { wholeNumber, withExamples } from "../help.ts";
import type { RunningServer } from "../server-parts.ts";
import { clean } from "../text/clean.ts";
import { spanText } from "../text/moment.ts";

type Options = {
  readonly config?: string;
  readonly port: number;
  readonly host: string;
  /** commander's form of --without-freshness. */
  readonly withoutFreshness?: boolean;
};

export function addStart(parent: Command, cli: Cli): void {
  const command = parent
    .command("start")
    .summary("run the server here")
    .description("Run the server. The store is kept in the data folder unless DATABASE_URL names a PostgreSQL.")
    .option("--config <dir>", "publish this configuration folder, unless another was applied")
    .option("--port <number>", "port to listen on; 0 takes a free one", wholeNumber(0, 65_535), 4747)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--without-freshness", "do not check how old facts are (for comparison only)")
    .action(act<Options>(cli, runStart));
  withExamples(command, [
    "airworthy start --config ./airworthy",
    "airworthy start --data /var/lib/airworthy --port 8080 --json",
  ]);
}

async function runStart(call: Call<Options>): Promise<undefined> {
  const { options, shell } = call;
  const { startServer } = await shell.loadServer();
  // Heard from here on, so that a Ctrl-C during a slow start still closes the store properly.
  const asked = shell.untilAskedToEnd();
  if (options.withoutFreshness === true) call.note("warning: freshness is off; stale facts will not be noticed");
  const server = await startServer({
    dataDir: call.dataFolder().path,
    ...(options.config === undefined ? {} : { configDir: resolve(shell.cwd, options.config) }),
    port: options.port,
    host: options.host,
    freshness: options.withoutFreshness !== true,
    onProgress: (message) => call.note(clean(message)),
  });
  announce(call, server);
  await asked;
  call.note("closing; a second signal ends at once");
  await server.close();
  return undefined;
}

function announce(call: Call<Options>, server: RunningServer): void {
  const { shell, options } = call;
  const startedInMs = shell.startedMs();
  if (options.json === true) {
    shell.out(`${JSON.stringify({ schema: "airworthy.ready/1", url: server.url, pid: shell.pid, startedInMs })}\n`);
  }
  call.note(`ready  ${server.url}  (${spanText(startedInMs)})`);
}
