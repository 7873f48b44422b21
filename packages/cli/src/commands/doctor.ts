/** `airworthy doctor`: what this command line would use, where each value comes from, and whether it works. */
import type { Command } from "commander";

import { act, type Call, type Cli } from "../call.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { exitCodeOf } from "../failure.ts";
import { withExamples } from "../help.ts";
import { clean } from "../text/clean.ts";
import { renderTable } from "../text/table.ts";

/** One line of the answer. `state`: whether it is as it should be. */
type Row = { readonly what: string; readonly state: "ok" | "problem"; readonly value: string; readonly origin: string };

export function addDoctor(parent: Command, cli: Cli): void {
  const command = parent
    .command("doctor")
    .summary("show what is used, from where, and whether it works")
    .description(
      "Show the version of Node, the data folder, the address and the key's place, and try the server. Shows no secret.",
    )
    .action(act(cli, runDoctor));
  withExamples(command, ["airworthy doctor", "airworthy doctor --json"]);
}

async function runDoctor(call: Call<object>): Promise<ExitCode> {
  const folder = call.dataFolder();
  const database = call.shell.environment.databaseUrl === undefined ? "embedded, in the data folder" : "external";
  const { rows, code } = await examineServer(call);
  const all: readonly Row[] = [
    { what: "node", state: "ok", value: process.version, origin: process.execPath },
    { what: "data", state: "ok", value: folder.path, origin: folder.origin },
    { what: "store", state: "ok", value: database, origin: database === "external" ? "DATABASE_URL" : "the default" },
    ...rows,
  ];
  call.print("doctor", { checks: all }, () => renderRows(all, call));
  return code;
}

async function examineServer(call: Call<object>): Promise<{ rows: readonly Row[]; code: ExitCode }> {
  const rows: Row[] = [];
  try {
    const connection = call.connection();
    rows.push({ what: "server", state: "ok", value: connection.url, origin: connection.urlOrigin });
    rows.push({
      what: "key",
      state: "ok",
      value: connection.keyOrigin === "none" ? "none" : "found",
      origin: connection.keyOrigin,
    });
    const health = await (await call.client()).readHealth();
    rows.push({
      what: "health",
      state: health.ok ? "ok" : "problem",
      value: health.ok ? `version ${health.version}` : "cannot judge and act now",
      origin: connection.url,
    });
    return { rows, code: health.ok ? exitCodes.ok.code : exitCodes.gateFailed.code };
  } catch (error) {
    const value = error instanceof Error ? error.message : "unknown cause";
    return { rows: [...rows, { what: "reach", state: "problem", value, origin: "" }], code: exitCodeOf(error) };
  }
}

function renderRows(rows: readonly Row[], call: Call<object>): string {
  return renderTable(
    [{ title: "WHAT" }, { title: "STATE" }, { title: "VALUE", shrinks: true }, { title: "FROM", shrinks: true }],
    rows.map((row) => [
      row.what,
      { text: row.state, paint: row.state === "ok" ? call.paint.green : call.paint.red },
      clean(row.value),
      clean(row.origin),
    ]),
    { width: call.tableWidth, title: call.paint.dim },
  );
}
