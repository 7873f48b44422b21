/** `airworthy sources list`: the sources that bring records in. */
import type { Command } from "commander";

import { act, type Cli } from "../call.ts";
import { withExamples } from "../help.ts";
import { renderSources } from "../render/source-states.ts";

export function addSourcesList(parent: Command, cli: Cli): void {
  const command = parent
    .command("list")
    .summary("the sources that bring records in")
    .description(
      "List the sources that bring records in: whether each comes in, how far, and what waits in quarantine.",
    )
    .action(
      act(cli, async (call) => {
        const { sources } = await (await call.client()).listSources();
        const look = { paint: call.paint, width: call.tableWidth, now: call.shell.now() };
        call.print("sources", { sources }, () => renderSources(sources, look));
        return undefined;
      }),
    );
  withExamples(command, ["airworthy sources list", "airworthy sources list --json"]);
}
