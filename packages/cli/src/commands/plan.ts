/** `airworthy plan`: shows what a configuration would change, and writes it down for `apply`. */
import type { Plan } from "@airworthy/contract";
import type { Command } from "commander";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { act, type Call, type Cli } from "../call.ts";
import { readConfigFolder } from "../config-folder.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import { wholeNumber, withExamples } from "../help.ts";
import { renderPlan } from "../render/plan.ts";
import { countText } from "../text/value.ts";

type Options = { readonly out?: string; readonly detailedExitcode?: boolean; readonly replay?: number };

export function addPlan(parent: Command, cli: Cli): void {
  const command = parent
    .command("plan")
    .summary("show what a configuration would change")
    .description(
      "Show what a configuration would change, and what its policies would have decided on the recorded past.",
    )
    .argument("[path]", "the configuration folder", ".")
    .option("-o, --out <file>", "write the plan here, for `airworthy apply`")
    .option("--replay <count>", "how many recorded decisions to replay", wholeNumber(0, 100_000))
    .option("--detailed-exitcode", "leave with 3 when there are changes")
    .action(act<Options>(cli, runPlan));
  withExamples(command, [
    "airworthy plan ./airworthy -o change.plan",
    "airworthy plan ./airworthy --detailed-exitcode",
  ]);
}

async function runPlan(call: Call<Options>): Promise<ExitCode> {
  const { shell, options } = call;
  const server = await shell.loadServer();
  const files = await readConfigFolder(call, server);
  const client = await call.client();
  const plan = await client.planConfig({
    files: [...files],
    ...(options.replay === undefined ? {} : { replay: options.replay }),
  });
  shell.err(server.renderFindings(plan.findings, files, { color: call.errUsesColour }));
  const errors = plan.findings.filter((finding) => finding.severity === "error").length;
  call.print("planned", plan, () => (errors > 0 ? "" : renderPlan(plan, call.paint)));
  if (errors > 0) {
    throw new Failure(
      "usage",
      `The configuration has ${countText(errors, "error")}; no plan was made.`,
      "Correct what is named above.",
    );
  }
  if (options.out !== undefined) writePlan(call, plan, options.out);
  return options.detailedExitcode === true && plan.changes.length > 0
    ? exitCodes.changesPending.code
    : exitCodes.ok.code;
}

function writePlan(call: Call<Options>, plan: Plan, out: string): void {
  const path = resolve(call.shell.cwd, out);
  try {
    writeFileSync(path, `${JSON.stringify(plan, undefined, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    const cause = error instanceof Error ? error.message : "unknown cause";
    throw new Failure("usage", `The plan could not be written (${cause}).`, "Give -o a file in a folder that exists.");
  }
  call.note(`written to ${out}; apply exactly this with: airworthy apply ${out}`);
}
