/** `airworthy sources show`: one source with its newest batches. */
import type { Command } from "commander";

import { act, type Cli } from "../call.ts";
import { withExamples } from "../help.ts";
import { renderSource } from "../render/source-states.ts";

export function addSourcesShow(parent: Command, cli: Cli): void {
  const command = parent
    .command("show")
    .summary("one source with its newest batches")
    .description("Show one source: state, position, counts, current records and newest batches.")
    .argument("<name>", "the connector's name")
    .action(
      act(cli, async (call) => {
        const source = await (await call.client()).readSource({ name: call.args[0] ?? "" });
        const look = { paint: call.paint, width: call.tableWidth, now: call.shell.now() };
        call.print("source", source, () => renderSource(source, look));
        return undefined;
      }),
    );
  withExamples(command, ["airworthy sources show erp-events"]);
}
