/** `airworthy check`: checks a configuration folder without a server. */
import type { Finding } from "@airworthy/contract";
import { Option, type Command } from "commander";
import { join, relative, resolve } from "node:path";

import { act, envelope, type Call, type Cli } from "../call.ts";
import { readConfigFolder } from "../config-folder.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { withExamples } from "../help.ts";
import { clean } from "../text/clean.ts";
import { countText } from "../text/value.ts";

type Options = { readonly format: "text" | "json" | "github" };

export function addCheck(parent: Command, cli: Cli): void {
  const command = parent
    .command("check")
    .summary("check a configuration folder, offline")
    .description("Check a configuration folder: documents, references, policies. Needs no server and no network.")
    .argument("[path]", "the configuration folder", ".")
    .addOption(
      new Option("--format <format>", "how findings are written").choices(["text", "json", "github"]).default("text"),
    )
    .action(act<Options>(cli, runCheck));
  withExamples(command, ["airworthy check ./airworthy", "airworthy check ./airworthy --format github"]);
}

async function runCheck(call: Call<Options>): Promise<ExitCode> {
  const { shell, options } = call;
  const server = await shell.loadServer();
  const files = await readConfigFolder(call, server);
  const findings = await server.checkFiles(files);
  const ok = findings.every((finding) => finding.severity !== "error");
  if (options.json === true || options.format === "json") {
    shell.out(envelope("check", { ok, files: files.length, findings }));
  } else if (options.format === "github") {
    const folder = relative(shell.cwd, resolve(shell.cwd, call.args[0] ?? "."));
    shell.out(findings.map((finding) => githubLine(finding, folder)).join(""));
  } else {
    shell.out(server.renderFindings(findings, files, { color: call.usesColour }));
  }
  call.note(`${countText(files.length, "file")} checked${findings.length === 0 ? ", nothing found" : ""}`);
  return ok ? exitCodes.ok.code : exitCodes.gateFailed.code;
}

/** What would end a workflow command early is escaped as GitHub asks. */
const escapeData = (text: string): string => clean(text).replaceAll("%", "%25");
const escapeProperty = (text: string): string => escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");

function githubLine(finding: Finding, folder: string): string {
  const message = finding.hint === undefined ? finding.message : `${finding.message} (${finding.hint})`;
  const place = [
    `file=${escapeProperty(join(folder, finding.file))}`,
    `line=${finding.line}`,
    `col=${finding.column}`,
    `endColumn=${finding.column + Math.max(1, finding.length)}`,
    `title=${escapeProperty(finding.code)}`,
  ];
  return `::${finding.severity} ${place.join(",")}::${escapeData(message)}\n`;
}
