/** `airworthy recall resolve`: says what became of a task of a recall. */
import type { RecallTaskOutcome } from "@airworthy/contract";
import { Option, type Command } from "commander";

import { act, type Cli } from "../call.ts";
import { withExamples } from "../help.ts";
import { readId } from "../ids.ts";
import { renderTasks } from "../render/recalls.ts";

type Options = { readonly as: RecallTaskOutcome; readonly reason: string };
const outcomes: readonly RecallTaskOutcome[] = ["handled", "leave", "retry"];

export function addRecallResolve(parent: Command, cli: Cli): void {
  const command = parent
    .command("resolve")
    .summary("say what became of a task")
    .description(
      "Say what became of a task: handled (you did it by hand), leave (it stays as it is), or retry (try it once more).",
    )
    .argument("<task>", "the task's id, from the queue")
    .addOption(new Option("--as <outcome>", "what became of it").choices(outcomes).makeOptionMandatory())
    .requiredOption("--reason <text>", "what was done, or why not; it is recorded and stands in the receipt")
    .action(
      act<Options>(cli, async (call) => {
        const id = readId("tsk", call.args[0]);
        const { as: outcome, reason } = call.options;
        const task = await (await call.client()).resolveRecallTask({ id, outcome, reason });
        const look = { paint: call.paint, width: call.tableWidth, now: call.shell.now() };
        call.print("recall-task", task, () => renderTasks([task], look));
        return undefined;
      }),
    );
  withExamples(command, [
    'airworthy recall resolve tsk_0190a0b0c0d07000800000000000abcd --as handled --reason "called the bank, it is back"',
  ]);
}
