/** `airworthy approvals approve`: says yes to what waits. */
import type { Command } from "commander";

import { act, type Cli } from "../call.ts";
import { decideApprovals, type DecisionOptions } from "../decisions.ts";
import { withExamples } from "../help.ts";

export function addApprovalsApprove(parent: Command, cli: Cli): void {
  const command = parent
    .command("approve")
    .summary("say yes")
    .description("Say yes to exactly these. Each action is looked at afresh before it is carried out.")
    .argument("<approval...>", "the approvals' ids")
    .requiredOption("--reason <text>", "why; it is recorded")
    .action(act<DecisionOptions>(cli, (call) => decideApprovals(call, "approve")));
  withExamples(command, [
    'airworthy approvals approve apr_0190a0b0c0d07000800000000000abcd --reason "checked with the customer"',
  ]);
}
