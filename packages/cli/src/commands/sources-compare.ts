/** `airworthy sources compare`: is production what the pilot was? */
import { InvalidArgumentError, type Command } from "commander";
import { resolve } from "node:path";

import { act, type Call, type Cli } from "../call.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { withExamples } from "../help.ts";
import { addFormOptions, type FormOptions, readForm } from "../file-form.ts";
import { renderComparison } from "../render/sources.ts";
import { readSourceFile } from "../source-file.ts";

type Options = FormOptions & { readonly alpha?: number };

export function addSourcesCompare(parent: Command, cli: Cli): void {
  const command = parent
    .command("compare")
    .summary("compare production's data with the pilot's")
    .description(
      "Compare two files of records field by field: what is missing, malformed, new, in the tails, or distributed differently. Limits follow from the number of records and hold for all tests together. Leaves with 6 when a finding is severe. Needs no server.",
    )
    .argument("<pilot>", "the file that the agent was tried on")
    .argument("<production>", "the file that it will meet")
    .option("--alpha <share>", "chance of any false alarm, over all tests (default: 0.01)", shareOf)
    .option("--config <dir>", "the configuration folder that --as looks in", ".")
    .action(act<Options>(cli, runCompare));
  addFormOptions(command);
  withExamples(command, [
    "airworthy sources compare pilot.csv production.csv",
    "airworthy sources compare pilot.jsonl production.jsonl --alpha 0.001 --json",
    "airworthy sources compare pilot.txt production.txt --as bank --config ./airworthy",
  ]);
}

function shareOf(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 0.5)) throw new InvalidArgumentError("It must be above 0 and at most 0.5.");
  return value;
}

async function runCompare(call: Call<Options>): Promise<ExitCode> {
  const { shell, options, args } = call;
  const { compareSources } = await shell.loadServer();
  const [pilot, production] = [args[0] ?? "", args[1] ?? ""].map((path) => resolve(shell.cwd, path));
  const alpha = options.alpha === undefined ? {} : { alpha: options.alpha };
  const form = await readForm(call);
  const written = form === undefined ? {} : { form };
  const found = await readSourceFile(shell, (onProgress) =>
    compareSources(pilot ?? "", production ?? "", { ...alpha, ...written, onProgress }),
  );
  call.print("source-comparison", found, () => renderComparison(found, { paint: call.paint, width: call.pageWidth }));
  return found.ok ? exitCodes.ok.code : exitCodes.gateFailed.code;
}
