/** `airworthy actions list`: the actions, newest first, or as they come. */
import type { ActionStatus, Input } from "@airworthy/contract";
import { Option, type Command } from "commander";

import { act, type Call, type Cli } from "../call.ts";
import { followActions } from "../follow.ts";
import { wholeNumber, withExamples } from "../help.ts";
import { readId } from "../ids.ts";
import { renderActions } from "../render/actions.ts";
import { actionStatuses } from "../text/status.ts";

type Options = {
  readonly agent?: string;
  readonly tool?: string;
  readonly status?: ActionStatus;
  readonly entity?: string;
  readonly before?: string;
  readonly limit: number;
  readonly follow?: boolean;
};

export function addActionsList(parent: Command, cli: Cli): void {
  const command = parent
    .command("list")
    .summary("list actions, newest first")
    .description("List actions, newest first. With --follow, go on printing them as they come or change.")
    .option("--agent <name>", "only this agent's")
    .option("--tool <name>", "only of this tool")
    .addOption(new Option("--status <status>", "only with this status").choices(actionStatuses))
    .option("--entity <type:id>", "only about this business object")
    .option("--before <action>", "only older than this action, for paging")
    .option("--limit <count>", "at most so many", wholeNumber(1, 500), 20)
    .option("--follow", "go on; with --json one line of JSON each")
    .action(act<Options>(cli, runList));
  withExamples(command, [
    "airworthy actions list --status refused --agent refund-agent",
    "airworthy actions list --entity invoice:4711 --json",
    "airworthy actions list --follow",
  ]);
}

async function runList(call: Call<Options>): Promise<undefined> {
  const client = await call.client();
  const filter = filterOf(call.options);
  if (call.options.follow === true) return followActions(call, client, filter);
  const page = await client.listActions(filter);
  const look = { paint: call.paint, width: call.tableWidth, now: call.shell.now() };
  call.print("actions", page, () => renderActions(page.actions, look));
  if (page.next !== undefined && call.options.json !== true) call.note(`more: --before ${page.next}`);
  return undefined;
}

function filterOf(options: Options): Input<"listActions"> {
  const { agent, tool, status, entity, before, limit } = options;
  return { agent, tool, status, entity, before: before === undefined ? undefined : readId("act", before), limit };
}
