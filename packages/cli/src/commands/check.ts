/** `airworthy check`: checks a configuration folder without a server. */
import type { Finding } from "@airworthy/contract";
import { Option, type Command } from "commander";
import { join, relative, resolve } from "node:path";

import { act, envelope, type Call, type Cli } from "../call.ts";
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
  const folder = resolve(shell.cwd, call.args[0] ?? ".");
  const { readFolder, checkFiles, renderFindings } = await shell.loadServer();
  const files = await readFolder(folder);
  const findings = await checkFiles(files);
  const errors = findings.filter((finding) => finding.severity === "error").length;
  const ok = errors === 0;
  if (options.json === true || options.format === "json")
    shell.out(envelope("check", { ok, files: files.length, findings }));
  else if (options.format === "github")
    shell.out(findings.map((finding) => githubLine(finding, relative(shell.cwd, folder))).join(""));
  else if (findings.length > 0) shell.out(ensureNewline(renderFindings(findings, files)));
  call.note(
    `${countText(files.length, "file")}, ${countText(errors, "error")}, ${countText(findings.length - errors, "warning")}`,
  );
  return ok ? exitCodes.ok.code : exitCodes.gateFailed.code;
}

const ensureNewline = (text: string): string => (text.endsWith("\n") ? text : `${text}\n`);

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
