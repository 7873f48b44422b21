/** `airworthy sources baseline …`: what production is held against. */
import type { Command } from "commander";

import type { Cli } from "../call.ts";
import { addBaselineSet } from "./baseline-set.ts";

export function addSourcesBaseline(parent: Command, cli: Cli): void {
  const group = parent.command("baseline").description("what production is held against").helpCommand(false);
  addBaselineSet(group, cli);
}
