/** `airworthy stops list`: what is stopped. */
import type { Command } from "commander";

import { act, type Cli } from "../call.ts";
import { withExamples } from "../help.ts";
import { renderStops } from "../render/stops.ts";

type Options = { readonly all?: boolean };

export function addStopsList(parent: Command, cli: Cli): void {
  const command = parent
    .command("list")
    .description("List the stops in force.")
    .option("--all", "also those that were lifted")
    .action(
      act<Options>(cli, async (call) => {
        const { stops } = await (await call.client()).listStops(call.options.all === true ? { all: "true" } : {});
        const look = { paint: call.paint, width: call.tableWidth, now: call.shell.now() };
        call.print("stops", { stops }, () => renderStops(stops, look));
        return undefined;
      }),
    );
  withExamples(command, ["airworthy stops list", "airworthy stops list --all --json"]);
}
