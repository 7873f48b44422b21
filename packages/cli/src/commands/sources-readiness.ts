/** `airworthy sources readiness`: whether what arrives is still what it was. */
import type { Command } from "commander";

import { act, type Call, type Cli } from "../call.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { withExamples } from "../help.ts";
import { renderReadiness } from "../render/readiness.ts";

type Options = { readonly all?: boolean };

export function addSourcesReadiness(parent: Command, cli: Cli): void {
  const command = parent
    .command("readiness")
    .summary("whether what arrives is still what it was")
    .description(
      "Watched sources: the baseline that each is compared with, its newest windows, and what was found in them. Leaves with 6 while a severe finding is open.",
    )
    .argument("[contract]", "the source contract; else all that are watched")
    .option("--all", "also findings that were closed")
    .action(act<Options>(cli, runReadiness));
  withExamples(command, ["airworthy sources readiness", "airworthy sources readiness invoices --json"]);
}

async function runReadiness(call: Call<Options>): Promise<ExitCode> {
  const [contract] = call.args;
  const found = await (
    await call.client()
  ).listReadiness({
    ...(contract === undefined ? {} : { contract }),
    ...(call.options.all === true ? { all: "true" } : {}),
  });
  const look = { paint: call.paint, width: call.pageWidth, now: call.shell.now() };
  call.print("source-readiness", found, () => renderReadiness(found.sources, look));
  return found.sources.every(({ ready }) => ready) ? exitCodes.ok.code : exitCodes.gateFailed.code;
}
