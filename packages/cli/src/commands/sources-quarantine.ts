/** `airworthy sources quarantine …`: records that broke their contract. */
import type { Command } from "commander";

import type { Cli } from "../call.ts";
import { addQuarantineDiscard } from "./quarantine-discard.ts";
import { addQuarantineList } from "./quarantine-list.ts";
import { addQuarantineRelease } from "./quarantine-release.ts";
import { addQuarantineShow } from "./quarantine-show.ts";

export function addSourcesQuarantine(parent: Command, cli: Cli): void {
  const group = parent
    .command("quarantine")
    .description("records that broke their contract, and wait for a person")
    .helpCommand(false);
  for (const add of [addQuarantineList, addQuarantineShow, addQuarantineRelease, addQuarantineDiscard]) add(group, cli);
}
