/** `airworthy sources quarantine list`: what waits in quarantine. */
import type { QuarantineState } from "@airworthy/contract";
import { Option, type Command } from "commander";

import { act, type Cli } from "../call.ts";
import { wholeNumber, withExamples } from "../help.ts";
import { renderQuarantine } from "../render/quarantine.ts";

type Options = { readonly source?: string; readonly state: QuarantineState; readonly limit: number };

export function addQuarantineList(parent: Command, cli: Cli): void {
  const command = parent
    .command("list")
    .description("List records that broke their contract, newest first, with field, expected and found.")
    .option("--source <name>", "only those of this connector")
    .addOption(
      new Option("--state <state>", "only in this state")
        .choices(["held", "released", "discarded", "superseded"])
        .default("held"),
    )
    .option("--limit <count>", "at most so many", wholeNumber(1, 500), 50)
    .action(
      act<Options>(cli, async (call) => {
        const { source, state, limit } = call.options;
        const filter = { state, limit, ...(source === undefined ? {} : { source }) };
        const { quarantined } = await (await call.client()).listQuarantined(filter);
        const look = { paint: call.paint, width: call.tableWidth, now: call.shell.now() };
        call.print("quarantine", { quarantined }, () => renderQuarantine(quarantined, look));
        return undefined;
      }),
    );
  withExamples(command, ["airworthy sources quarantine list --source erp-events"]);
}
