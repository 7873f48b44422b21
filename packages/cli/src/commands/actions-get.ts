/** `airworthy actions get`: one action, whole. */
import type { Command } from "commander";

import { act, type Cli } from "../call.ts";
import { withExamples } from "../help.ts";
import { readId } from "../ids.ts";
import { renderAction } from "../render/actions.ts";

export function addActionsGet(parent: Command, cli: Cli): void {
  const command = parent
    .command("get")
    .description("Show one action. `airworthy explain` says why it was decided so.")
    .argument("<action>", "the action's id")
    .action(
      act(cli, async (call) => {
        const id = readId("act", call.args[0]);
        const action = await (await call.client()).readAction({ id });
        const look = { paint: call.paint, width: call.pageWidth, now: call.shell.now() };
        call.print("action", action, () => renderAction(action, look));
        return undefined;
      }),
    );
  withExamples(command, ["airworthy actions get act_0190a0b0c0d07000800000000000abcd --json"]);
}
