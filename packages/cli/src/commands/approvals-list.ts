/** `airworthy approvals list`: what waits for a person. */
import type { ApprovalStatus } from "@airworthy/contract";
import { Option, type Command } from "commander";

import { act, type Cli } from "../call.ts";
import { wholeNumber, withExamples } from "../help.ts";
import { renderApprovals } from "../render/approvals.ts";
import { approvalStatuses } from "../text/status.ts";

type Options = { readonly status: ApprovalStatus; readonly team?: string; readonly limit: number };

export function addApprovalsList(parent: Command, cli: Cli): void {
  const command = parent
    .command("list")
    .description("List approvals, oldest waiting first.")
    .addOption(new Option("--status <status>", "only with this status").choices(approvalStatuses).default("pending"))
    .option("--team <name>", "only those that need this team")
    .option("--limit <count>", "at most so many", wholeNumber(1, 500), 50)
    .action(
      act<Options>(cli, async (call) => {
        const { status, team, limit } = call.options;
        const { approvals } = await (await call.client()).listApprovals({ status, team, limit });
        const look = { paint: call.paint, width: call.tableWidth, now: call.shell.now() };
        call.print("approvals", { approvals }, () => renderApprovals(approvals, look));
        return undefined;
      }),
    );
  withExamples(command, ["airworthy approvals list", "airworthy approvals list --team finance-ops --json"]);
}
