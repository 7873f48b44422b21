/** `airworthy agents key`: makes an API key for an agent. */
import type { Command } from "commander";

import { act, type Cli } from "../call.ts";
import { wholeNumber, withExamples } from "../help.ts";
import { createKey, type KeyOptions } from "../keys.ts";

export function addAgentsKey(parent: Command, cli: Cli): void {
  const command = parent
    .command("key")
    .description("Make an API key for an agent. It is shown once, on stdout.")
    .argument("<name>", "the agent's name in the configuration")
    .option("--expires-days <days>", "let it expire after so many days", wholeNumber(1, 3650))
    .action(act<KeyOptions>(cli, (call) => createKey(call, "agent")));
  withExamples(command, [
    "airworthy agents key refund-agent > refund-agent.key",
    "airworthy agents key refund-agent --expires-days 90 --json",
  ]);
}
