/** `airworthy recall resume`: goes on with a paused recall. */
import type { Command } from "commander";

import { act, type Cli } from "../call.ts";
import { withExamples } from "../help.ts";
import { readId } from "../ids.ts";
import { renderRecall } from "../render/recalls.ts";

type Options = { readonly reason: string };

export function addRecallResume(parent: Command, cli: Cli): void {
  const command = parent
    .command("resume")
    .description("Go on with a paused recall where it stood. What it met (a stop, a failure) must be over.")
    .argument("<recall>", "the recall's id")
    .requiredOption("--reason <text>", "why it may go on; it is recorded")
    .action(
      act<Options>(cli, async (call) => {
        const id = readId("rcl", call.args[0]);
        const recall = await (await call.client()).resumeRecall({ id, reason: call.options.reason });
        call.print("recall", recall, () => renderRecall(recall, call));
        return undefined;
      }),
    );
  withExamples(command, ['airworthy recall resume rcl_0190a0b0c0d07000800000000000abcd --reason "payments are back"']);
}
