/** `airworthy recall status`: where recalls stand, or one of them with its actions. */
import type { RecallItemState, RecallStatus } from "@airworthy/contract";
import { Option, type Command } from "commander";

import { act, type Call, type Cli } from "../call.ts";
import type { ExitCode } from "../exit-codes.ts";
import { followRecall } from "../follow-recall.ts";
import { wholeNumber, withExamples } from "../help.ts";
import { readId } from "../ids.ts";
import { recallItemStates, recallStatuses, renderRecall, renderRecallItems, renderRecalls } from "../render/recalls.ts";

type Options = {
  readonly status?: RecallStatus;
  readonly items?: boolean;
  readonly state?: RecallItemState;
  readonly follow?: boolean;
  readonly limit: number;
};

export function addRecallStatus(parent: Command, cli: Cli): void {
  const command = parent
    .command("status")
    .summary("where recalls stand")
    .description("Show the recalls, or one of them: a bar, what became of its actions, and what to do next.")
    .argument("[recall]", "one recall's id")
    .addOption(new Option("--status <status>", "of the list, only these").choices(recallStatuses))
    .option("--items", "show the actions too, in the order in which they are taken back")
    .addOption(new Option("--state <state>", "of the actions, only these").choices(recallItemStates))
    .option("--follow", "stay until it is over or waits for people")
    .option("--limit <count>", "at most so many", wholeNumber(1, 500), 50)
    .action(act<Options>(cli, runStatus));
  withExamples(command, [
    "airworthy recall status",
    "airworthy recall status rcl_0190a0b0c0d07000800000000000abcd --follow",
    "airworthy recall status rcl_0190a0b0c0d07000800000000000abcd --items --state failed",
  ]);
}

async function runStatus(call: Call<Options>): Promise<ExitCode | undefined> {
  const { status, items, state, follow, limit } = call.options;
  const client = await call.client();
  const look = { paint: call.paint, width: call.tableWidth, now: call.shell.now() };
  const [given] = call.args;
  if (given === undefined) {
    const { recalls } = await client.listRecalls({ status, limit });
    call.print("recalls", { recalls }, () => renderRecalls(recalls, look));
    return undefined;
  }
  const id = readId("rcl", given);
  if (follow === true) return followRecall(call, client, id);
  const recall = await client.readRecall({ id });
  if (items !== true && state === undefined) {
    call.print("recall", recall, () => renderRecall(recall, look));
    return undefined;
  }
  const page = await client.listRecallItems({ id, state, limit });
  call.print("recall", { ...recall, items: page.items }, () => {
    const more = page.next === undefined ? "" : "  and more: raise --limit\n";
    return `${renderRecall(recall, look)}\n${renderRecallItems(page.items, look)}${more}`;
  });
  return undefined;
}
