/** `airworthy sources quarantine discard`: leaves a quarantined record out for good. */
import type { Command } from "commander";

import { act, type Cli } from "../call.ts";
import { withExamples } from "../help.ts";
import { readId } from "../ids.ts";

type Options = { readonly reason: string };

export function addQuarantineDiscard(parent: Command, cli: Cli): void {
  const command = parent
    .command("discard")
    .summary("leave a quarantined record out for good")
    .description("Leave a quarantined record out for good. It is recorded who said so, and why.")
    .argument("<id>", "its id")
    .requiredOption("--reason <text>", "why; it is recorded")
    .action(
      act<Options>(cli, async (call) => {
        const id = readId("qrn", call.args[0]);
        const discarded = await (await call.client()).discardQuarantined({ id, reason: call.options.reason });
        call.print("quarantined", discarded, () => `discarded  ${discarded.id}\n`);
        return undefined;
      }),
    );
  withExamples(command, [
    'airworthy sources quarantine discard qrn_0190a0b0c0d07000800000000000abcd --reason "a test record of the sender"',
  ]);
}
