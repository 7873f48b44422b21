/** `airworthy sources quarantine show`: one quarantined record with everything that is wrong with it. */
import type { Command } from "commander";

import { act, type Cli } from "../call.ts";
import { withExamples } from "../help.ts";
import { readId } from "../ids.ts";
import { renderQuarantined } from "../render/quarantine.ts";

export function addQuarantineShow(parent: Command, cli: Cli): void {
  const command = parent
    .command("show")
    .summary("one quarantined record")
    .description("Show one quarantined record: its faults, and its values, shortened and with secrets hidden.")
    .argument("<id>", "its id, as the list shows it")
    .action(
      act(cli, async (call) => {
        const found = await (await call.client()).readQuarantined({ id: readId("qrn", call.args[0]) });
        const look = { paint: call.paint, width: call.tableWidth, now: call.shell.now() };
        call.print("quarantined", found, () => renderQuarantined(found, look));
        return undefined;
      }),
    );
  withExamples(command, ["airworthy sources quarantine show qrn_0190a0b0c0d07000800000000000abcd"]);
}
