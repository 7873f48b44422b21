/** `airworthy recall cancel`: begins nothing more of a recall. */
import type { Command } from "commander";

import { act, type Cli } from "../call.ts";
import { withExamples } from "../help.ts";
import { readId } from "../ids.ts";
import { renderRecall } from "../render/recalls.ts";

type Options = { readonly reason: string };

export function addRecallCancel(parent: Command, cli: Cli): void {
  const command = parent
    .command("cancel")
    .description("Begin nothing more of a recall. What was taken back stays so, and the receipt says which is which.")
    .argument("<recall>", "the recall's id")
    .requiredOption("--reason <text>", "why; it is recorded and stands in the receipt")
    .action(
      act<Options>(cli, async (call) => {
        const id = readId("rcl", call.args[0]);
        const recall = await (await call.client()).cancelRecall({ id, reason: call.options.reason });
        call.print("recall", recall, () => renderRecall(recall, call));
        return undefined;
      }),
    );
  withExamples(command, [
    'airworthy recall cancel rcl_0190a0b0c0d07000800000000000abcd --reason "the list was right after all"',
  ]);
}
