/** `airworthy sources check`: enforces a source contract on a file. */
import type { Command } from "commander";
import { resolve } from "node:path";

import { act, type Call, type Cli } from "../call.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { withExamples } from "../help.ts";
import { addFormOptions, type FormOptions, readForm } from "../file-form.ts";
import { renderContractCheck } from "../render/sources.ts";
import { readSourceFile } from "../source-file.ts";

type Options = FormOptions & {
  readonly contract: string;
  readonly config: string;
  readonly quarantine?: string;
  readonly accepted?: string;
};

export function addSourcesCheck(parent: Command, cli: Cli): void {
  const command = parent
    .command("check")
    .summary("hold a file of records to its contract")
    .description(
      "Hold each record of a file to a source contract. What is not as agreed is set aside, with record, field, expected and found; the rest goes on. Leaves with 6 when a record is set aside. Needs no server.",
    )
    .argument("<file>", "the file of records")
    .requiredOption("--contract <name>", "the contract's name, or the file that holds it")
    .option("--config <dir>", "the configuration folder to look for names in", ".")
    .option("--quarantine <file>", "where offending records go (default: beside the file, .quarantine.jsonl)")
    .option("--accepted <file>", "where all other records go, as they stood")
    .action(act<Options>(cli, runCheck));
  addFormOptions(command);
  withExamples(command, [
    "airworthy sources check today.csv --contract invoices --config ./airworthy",
    "airworthy sources check today.csv --contract invoices.yaml --accepted today.accepted.csv",
    "airworthy sources check payments.txt --contract payments --as bank --config ./airworthy",
  ]);
}

async function runCheck(call: Call<Options>): Promise<ExitCode> {
  const { shell, options, args } = call;
  const at = (path: string): string => resolve(shell.cwd, path);
  const server = await shell.loadServer();
  const contract = await readSourceFile(shell, () =>
    server.findContract(options.contract, at(options.config), shell.cwd),
  );
  const path = at(args[0] ?? "");
  const quarantine = at(options.quarantine ?? `${args[0] ?? ""}.quarantine.jsonl`);
  const accepted = options.accepted === undefined ? {} : { accepted: at(options.accepted) };
  const form = await readForm(call);
  const written = form === undefined ? {} : { form };
  const found = await readSourceFile(shell, (onProgress) =>
    server.checkSource(path, { contract, quarantine, ...accepted, ...written, onProgress }),
  );
  call.print("source-check", found, () => renderContractCheck(found, { paint: call.paint, width: call.tableWidth }));
  if (found.quarantine !== undefined) call.note(`quarantined records are in ${found.quarantine}`);
  return found.ok ? exitCodes.ok.code : exitCodes.gateFailed.code;
}
