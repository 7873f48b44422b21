/** `airworthy help`: the help of a command, and topics that belong to none. */
import type { Command } from "commander";

import { act, envelope, type Call, type Cli } from "../call.ts";
import { exitCodes } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import { withExamples } from "../help.ts";
import { clean } from "../text/clean.ts";
import { renderTable } from "../text/table.ts";

export function addHelp(parent: Command, cli: Cli): void {
  const command = parent
    .command("help")
    .description("Show the help of a command, or of the topic exit-codes.")
    .argument("[topic...]", "a command, or exit-codes")
    .action(
      act(cli, async (call) => {
        if (call.args[0] === "exit-codes") printExitCodes(call);
        else call.shell.out(findCommand(parent, call.args).helpInformation());
        return undefined;
      }),
    );
  withExamples(command, ["airworthy help approvals approve", "airworthy help exit-codes"]);
}

function printExitCodes(call: Call<object>): void {
  const rows = Object.entries(exitCodes).map(([name, { code, meaning }]) => ({ code, name, meaning }));
  if (call.options.json === true) call.shell.out(envelope("exit-codes", { exitCodes: rows }));
  else call.shell.out(renderExitCodes(rows));
}

function renderExitCodes(rows: readonly { readonly code: number; readonly meaning: string }[]): string {
  return renderTable(
    [{ title: "CODE", align: "right" }, { title: "MEANING" }],
    rows.map(({ code, meaning }) => [String(code), meaning]),
    { width: Number.POSITIVE_INFINITY },
  );
}

function findCommand(from: Command, path: readonly string[]): Command {
  let at = from;
  for (const name of path) {
    const next = at.commands.find((each) => each.name() === name);
    if (next === undefined) {
      throw new Failure("usage", `There is no command ${clean(path.join(" "))}.`, "See `airworthy --help`.");
    }
    at = next;
  }
  return at;
}
