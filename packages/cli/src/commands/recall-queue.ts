/** `airworthy recall queue`: what recalls leave to people. */
import type { Command } from "commander";

import { act, type Cli } from "../call.ts";
import { wholeNumber, withExamples } from "../help.ts";
import { readId } from "../ids.ts";
import { renderTasks } from "../render/recalls.ts";

type Options = {
  readonly recall?: string;
  readonly owner?: string;
  readonly all?: boolean;
  readonly limit: number;
};

export function addRecallQueue(parent: Command, cli: Cli): void {
  const command = parent
    .command("queue")
    .summary("what recalls leave to people")
    .description("List what recalls leave to people, oldest first: failed compensations, doubts, and work by hand.")
    .option("--recall <id>", "only of this recall")
    .option("--owner <name>", "only those of this person")
    .option("--all", "also what was resolved")
    .option("--limit <count>", "at most so many", wholeNumber(1, 500), 50)
    .action(
      act<Options>(cli, async (call) => {
        const { recall, owner, all, limit } = call.options;
        const of = recall === undefined ? {} : { recall: readId("rcl", recall) };
        const open = all === true ? "false" : "true";
        const { tasks } = await (await call.client()).listRecallTasks({ ...of, owner, open, limit });
        const look = { paint: call.paint, width: call.tableWidth, now: call.shell.now() };
        call.print("recall-tasks", { tasks }, () => renderTasks(tasks, look));
        return undefined;
      }),
    );
  withExamples(command, ["airworthy recall queue", "airworthy recall queue --owner maria --json"]);
}
