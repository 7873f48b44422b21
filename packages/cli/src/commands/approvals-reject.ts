/** `airworthy approvals reject`: says no to what waits. */
import type { Command } from "commander";

import { act, type Cli } from "../call.ts";
import { decideApprovals, type DecisionOptions } from "../decisions.ts";
import { withExamples } from "../help.ts";

export function addApprovalsReject(parent: Command, cli: Cli): void {
  const command = parent
    .command("reject")
    .summary("say no")
    .description("Say no to exactly these. Nothing is done in the world.")
    .argument("<approval...>", "the approvals' ids")
    .requiredOption("--reason <text>", "why; it is recorded")
    .action(act<DecisionOptions>(cli, (call) => decideApprovals(call, "reject")));
  withExamples(command, ['airworthy approvals reject apr_0190a0b0c0d07000800000000000abcd --reason "wrong invoice"']);
}
