/** `airworthy explain`: why an action was decided so, on one page. */
import type { Command } from "commander";

import { act, type Cli } from "../call.ts";
import { renderExplanation } from "../explain/page.ts";
import { withExamples } from "../help.ts";
import { readId } from "../ids.ts";

export function addExplain(parent: Command, cli: Cli): void {
  const command = parent
    .command("explain")
    .summary("why was it decided so?")
    .description(
      "Say why an action was decided so: inputs with their ages, rules with their places, people, effect, proof.",
    )
    .argument("<action>", "the action's id")
    .action(
      act(cli, async (call) => {
        const id = readId("act", call.args[0]);
        const explanation = await (await call.client()).explainAction({ id });
        const look = { paint: call.paint, width: call.pageWidth, now: call.shell.now() };
        call.print("explanation", explanation, () => renderExplanation(explanation, look));
        return undefined;
      }),
    );
  withExamples(command, [
    "airworthy explain act_0190a0b0c0d07000800000000000abcd",
    "airworthy explain act_0190a0b0c0d07000800000000000abcd --json",
  ]);
}
