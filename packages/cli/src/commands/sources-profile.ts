/** `airworthy sources profile`: what a file of records is like, and the contract that it suggests. */
import type { ConfigFile } from "@airworthy/contract";
import type { Command } from "commander";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { act, type Call, type Cli } from "../call.ts";
import type { ExitCode } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import { withExamples } from "../help.ts";
import { renderProfile } from "../render/sources.ts";
import type { SourceDescription } from "../server-parts.ts";
import { readSourceFile } from "../source-file.ts";

type Options = { readonly out?: string; readonly name?: string };

export function addSourcesProfile(parent: Command, cli: Cli): void {
  const command = parent
    .command("profile")
    .summary("describe a file of records, and learn its contract")
    .description(
      "Describe a file of records (CSV with a header, JSON, JSON lines): types, what is missing or malformed, ranges, shapes. With --out, a first source contract is written, for a person to review. Needs no server.",
    )
    .argument("<file>", "the file of records")
    .option("-o, --out <file>", "write the contract here; an older one of this name gets the next version")
    .option("--name <name>", "the contract's name; else that of the file")
    .action(act<Options>(cli, runProfile));
  withExamples(command, [
    "airworthy sources profile pilot.csv",
    "airworthy sources profile pilot.csv --name invoices -o airworthy/contracts/invoices.yaml",
  ]);
}

async function runProfile(call: Call<Options>): Promise<ExitCode | undefined> {
  const { shell, options, args } = call;
  const server = await shell.loadServer();
  const learn = options.out === undefined ? undefined : { ...named(options), ...readExisting(call, options.out) };
  const found = await readSourceFile(shell, (onProgress) =>
    server.profileSource(resolve(shell.cwd, args[0] ?? ""), { ...(learn === undefined ? {} : { learn }), onProgress }),
  );
  call.print("source-profile", found, () => renderProfile(found, { paint: call.paint, width: call.tableWidth }));
  if (options.out !== undefined && found.contract !== undefined) write(call, options.out, found.contract);
  return undefined;
}

const named = ({ name }: Options): { readonly name?: string } => (name === undefined ? {} : { name });

function readExisting(call: Call<Options>, out: string): { readonly existing?: ConfigFile } {
  const path = resolve(call.shell.cwd, out);
  if (!/\.ya?ml$/.test(out)) {
    throw new Failure("usage", `${out} is no name for a contract.`, "Give -o a file that ends in .yaml.");
  }
  return existsSync(path) ? { existing: { path: out, text: readFileSync(path, "utf8") } } : {};
}

function write(call: Call<Options>, out: string, contract: NonNullable<SourceDescription["contract"]>): void {
  try {
    writeFileSync(resolve(call.shell.cwd, out), contract.text);
  } catch (error) {
    const cause = error instanceof Error ? error.message : "unknown cause";
    throw new Failure("usage", `The contract could not be written (${cause}).`, "Name a file in a folder that exists.");
  }
  call.note(`contract ${contract.name} version ${contract.version} written to ${out}; review it before it is enforced`);
}
