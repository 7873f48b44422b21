/** Options that say how a file of records is written, where it does not say so itself. */
import { InvalidArgumentError, Option, type Command } from "commander";
import { resolve } from "node:path";

import type { Call } from "./call.ts";
import { Failure } from "./failure.ts";
import { wholeNumber } from "./help.ts";
import type { FileForm } from "./server-parts.ts";
import { readSourceFile } from "./source-file.ts";

export type FormOptions = Omit<FileForm, "trailer"> & {
  /** A connector whose files are so written. */
  readonly as?: string;
  readonly config?: string;
};

const formNames = ["format", "columns", "encoding", "delimiter", "decimals", "dates", "sheet", "header"] as const;

export function addFormOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--format <name>", "its format, where its name does not say it").choices([
        "csv",
        "json",
        "jsonl",
        "fixed",
        "xlsx",
      ]),
    )
    .option(
      "--columns <list>",
      "of fixed width: each column from the left as name:width, such as id:8,amount:12",
      columnsOf,
    )
    .addOption(new Option("--encoding <name>", "of text (default: utf-8)").choices(["utf-8", "windows-1252"]))
    .option("--delimiter <sign>", "of CSV (default: found in the first line)", delimiterOf)
    .addOption(new Option("--decimals <form>", "1234.5 or 1.234,5 (default: point)").choices(["point", "comma"]))
    .addOption(
      new Option("--dates <form>", "how days are written (default: iso)").choices([
        "iso",
        "dd.mm.yyyy",
        "dd/mm/yyyy",
        "mm/dd/yyyy",
        "yyyymmdd",
      ]),
    )
    .option("--sheet <name>", "of XLSX (default: the first that is not hidden)")
    .option("--header <row>", "of XLSX: the row that names the columns, from 1", wholeNumber(1, 1_048_576))
    .option("--as <connector>", "it is written as this file connector of the configuration says");
}

function columnsOf(text: string): readonly { readonly name: string; readonly width: number }[] {
  const columns = text.split(",").map((part) => {
    const [, name = "", digits = ""] = /^(.{1,200}):([1-9]\d{0,3}|10000)$/u.exec(part.trim()) ?? [];
    return { name: name.trim(), width: Number(digits) };
  });
  if (columns.some(({ name, width }) => name === "" || width === 0)) {
    throw new InvalidArgumentError(
      "Write each column as name:width, with commas between them, such as id:8,amount:12.",
    );
  }
  const names = columns.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new InvalidArgumentError(`The column ${twice} is there twice.`);
  return columns;
}

function delimiterOf(text: string): string {
  if (text === String.raw`\t` || text === "tab") return "\t";
  if (Array.from(text).length === 1 && text.length === 1) return text;
  throw new InvalidArgumentError("It must be one sign, or tab.");
}

/** Undefined where nothing is said. */
export async function readForm({ shell, options }: Call<FormOptions>): Promise<FileForm | undefined> {
  const said = formNames.filter((name) => options[name] !== undefined);
  const { as: connector, config = ".", ...others } = options;
  if (connector !== undefined) {
    if (said.length > 0) {
      throw new Failure("usage", `--as and --${said[0]} both say how the file is written.`, "Keep one of the two.");
    }
    const server = await shell.loadServer();
    return readSourceFile(shell, () => server.findFileForm(connector, resolve(shell.cwd, config)));
  }
  if (said.length === 0) return undefined;
  return withFixed(Object.fromEntries(said.map((name) => [name, others[name]])));
}

/** Columns mean fixed width, and fixed width needs columns. */
function withFixed(form: FileForm): FileForm {
  if (form.columns === undefined && form.format === "fixed") {
    throw new Failure("usage", "Fixed width, and no columns are said.", "Say --columns, such as id:8,amount:12.");
  }
  if (form.columns === undefined || form.format === "fixed") return form;
  if (form.format === undefined) return { ...form, format: "fixed" };
  throw new Failure("usage", `--columns is of fixed width, not of ${form.format}.`, "Leave one of the two out.");
}
