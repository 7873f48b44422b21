/** `airworthy actions resolve`: a person says what became of an effect whose end is unknown. */
import type { Command } from "commander";

import { act, type Call, type Cli } from "../call.ts";
import { Failure } from "../failure.ts";
import { withExamples } from "../help.ts";
import { readId } from "../ids.ts";

type Options = { readonly happened?: boolean; readonly notHappened?: boolean; readonly reason: string };

export function addActionsResolve(parent: Command, cli: Cli): void {
  const command = parent
    .command("resolve")
    .summary("say what became of an unknown effect")
    .description("Say what became of an interrupted effect whose end is unknown. Look in the system itself first.")
    .argument("<action>", "the action's id")
    .option("--happened", "it took effect")
    .option("--not-happened", "it did not take effect")
    .requiredOption("--reason <text>", "how you know")
    .action(act<Options>(cli, runResolve));
  withExamples(command, [
    'airworthy actions resolve act_0190a0b0c0d07000800000000000abcd --happened --reason "seen in the bank portal"',
  ]);
}

async function runResolve(call: Call<Options>): Promise<undefined> {
  const { happened, notHappened, reason } = call.options;
  if ((happened === true) === (notHappened === true)) {
    throw new Failure("usage", "Say one of --happened and --not-happened.", "Look in the system it was sent to.");
  }
  const id = readId("act", call.args[0]);
  const action = await (await call.client()).resolveAction({ id, happened: happened === true, reason });
  call.print("action", action, () => `${action.status}  ${action.id}\n`);
  return undefined;
}
