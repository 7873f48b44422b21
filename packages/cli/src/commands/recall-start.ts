/** `airworthy recall start`: asks for the approval of a plan; with it, what the plan says is carried out. */
import type { Command } from "commander";

import { act, type Call, type Cli } from "../call.ts";
import type { ExitCode } from "../exit-codes.ts";
import { followRecall } from "../follow-recall.ts";
import { withExamples } from "../help.ts";
import { readRecallPlan } from "../plan-file.ts";
import { renderRecall } from "../render/recalls.ts";

type Options = { readonly follow?: boolean };

export function addRecallStart(parent: Command, cli: Cli): void {
  const command = parent
    .command("start")
    .summary("ask for the approval of a recall plan")
    .description(
      "Ask for the approval of a recall plan. Others than its maker must say yes; then it is carried out as it stands. Refused when it has expired or the picture has moved.",
    )
    .argument("<file>", "a plan that `airworthy recall plan -o` wrote")
    .option("--follow", "stay and show how far it has come")
    .action(act<Options>(cli, runStart));
  withExamples(command, [
    "airworthy recall start wrong-refunds.plan",
    "airworthy recall start wrong-refunds.plan --follow",
  ]);
}

async function runStart(call: Call<Options>): Promise<ExitCode | undefined> {
  const plan = await readRecallPlan(call.shell.cwd, call.args[0] ?? "");
  const client = await call.client();
  const recall = await client.startRecall({ plan });
  call.print("recall", recall, () => renderRecall(recall, call));
  return call.options.follow === true ? followRecall(call, client, recall.id) : undefined;
}
