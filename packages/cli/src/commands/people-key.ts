/** `airworthy people key`: makes an API key for a person. */
import type { Command } from "commander";

import { act, type Cli } from "../call.ts";
import { wholeNumber, withExamples } from "../help.ts";
import { createKey, type KeyOptions } from "../keys.ts";

export function addPeopleKey(parent: Command, cli: Cli): void {
  const command = parent
    .command("key")
    .description("Make an API key for a person. It is shown once, on stdout.")
    .argument("<name>", "the person's name in the configuration")
    .option("--expires-days <days>", "let it expire after so many days", wholeNumber(1, 3650))
    .action(act<KeyOptions>(cli, (call) => createKey(call, "person")));
  withExamples(command, ["airworthy people key ana > ana.key", "airworthy people key ana --expires-days 90 --json"]);
}
