/** `airworthy sources profile`: what records are like, of a file or of a live source, and the contract that they suggest. */
import type { ConfigFile, JsonObject, LiveProfile } from "@airworthy/contract";
import type { Command } from "commander";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { act, type Call, type Cli } from "../call.ts";
import type { ExitCode } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import { addFormOptions, type FormOptions, readForm } from "../file-form.ts";
import { withExamples } from "../help.ts";
import { renderProfile } from "../render/sources.ts";
import type { SourceDescription } from "../server-parts.ts";
import { readSourceFile } from "../source-file.ts";
import { clean } from "../text/clean.ts";

type Options = FormOptions & {
  readonly out?: string;
  readonly name?: string;
  readonly tool?: string;
  readonly with?: readonly string[];
  readonly records?: string;
  readonly source?: string;
  readonly record?: string;
};

export function addSourcesProfile(parent: Command, cli: Cli): void {
  const command = parent
    .command("profile")
    .summary("describe records of a file or a live source, and learn their contract")
    .description(
      "Describe records: types, what is missing or malformed, ranges, shapes. Of a file (CSV with a header, JSON, JSON lines, XLSX), which needs no server; of what a read tool answers (--tool); or of what a source has brought in (--source). With --out, a first source contract is written, for a person to review.",
    )
    .argument("[file]", "the file of records")
    .option("--config <dir>", "the configuration folder that --as looks in", ".")
    .option("--tool <name>", "call this read tool at the server; it is recorded")
    .option("--with <json>", "arguments of a call, once for each call (default: {})", collect)
    .option("--records <path>", "where an answer has its records, such as $.items[*]")
    .option("--source <name>", "what this source has brought in")
    .option("--record <kind>", "the kind of record, where a source brings several")
    .option("-o, --out <file>", "write the contract here; an older one of this name gets the next version")
    .option("--name <name>", "the contract's name; else that of the file, tool or source")
    .action(act<Options>(cli, runProfile));
  addFormOptions(command);
  withExamples(command, [
    "airworthy sources profile pilot.csv",
    "airworthy sources profile pilot.txt --columns id:8,amount:12,day:8 --decimals comma --dates yyyymmdd",
    "airworthy sources profile prices.xlsx --sheet Prices --header 3",
    "airworthy sources profile pilot.csv --name invoices -o airworthy/contracts/invoices.yaml",
    `airworthy sources profile --tool crm.list_accounts --with '{"page":1}' --with '{"page":2}'`,
    "airworthy sources profile --source vendor-events -o vendors.yaml",
  ]);
}

const collect = (text: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), text];

async function runProfile(call: Call<Options>): Promise<ExitCode | undefined> {
  const { options } = call;
  const learn = options.out === undefined ? undefined : { ...named(options), ...readExisting(call, options.out) };
  const found = await describe(call, learn);
  call.print("source-profile", found, () => renderProfile(found, { paint: call.paint, width: call.tableWidth }));
  if (options.out !== undefined && found.contract !== undefined) write(call, options.out, found.contract);
  return undefined;
}

type Learn = { readonly name?: string; readonly existing?: ConfigFile };

async function describe(call: Call<Options>, learn: Learn | undefined): Promise<SourceDescription> {
  const { shell, options, args } = call;
  const { tool, source } = options;
  const [file] = args;
  if ([file, tool, source].filter((one) => one !== undefined).length !== 1) {
    throw new Failure("usage", "Say exactly one of a file, --tool and --source.", "Profile one after the other.");
  }
  const learning = learn === undefined ? {} : { learn };
  const form = await readForm(call);
  if (file !== undefined) {
    const server = await shell.loadServer();
    const written = form === undefined ? {} : { form };
    return readSourceFile(shell, (onProgress) =>
      server.profileSource(resolve(shell.cwd, file), { ...learning, ...written, onProgress }),
    );
  }
  if (form !== undefined) throw new Failure("usage", "Only a file has a form.", "Leave the options of its form out.");
  const client = await call.client();
  if (tool === undefined) {
    const record = options.record === undefined ? {} : { record: options.record };
    return client.profileSource({ source: source ?? "", ...record, ...learning });
  }
  const records = options.records === undefined ? {} : { records: options.records };
  const asked = (options.with ?? ["{}"]).map(readArguments);
  const found = await client.profileTool({ tool, arguments: asked, ...records, ...learning });
  sayFailed(call, found);
  return found;
}

function readArguments(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Said below, as for everything else that is no object.
  }
  throw new Failure("usage", `${clean(text.slice(0, 60))} is no JSON object.`, `Quote it: --with '{"page":1}'`);
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function sayFailed(call: Call<Options>, { failed }: LiveProfile): void {
  for (const one of failed) call.note(`call ${one.call} brought nothing (${clean(one.code)}): ${clean(one.message)}`);
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
