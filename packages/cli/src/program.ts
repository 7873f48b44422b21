/** The command tree, and running one line of it. */
import { Command, CommanderError, Option } from "commander";

import { envelope, type Cli } from "./call.ts";
import { addActionsGet } from "./commands/actions-get.ts";
import { addActionsList } from "./commands/actions-list.ts";
import { addActionsResolve } from "./commands/actions-resolve.ts";
import { addAgentsKey } from "./commands/agents-key.ts";
import { addAgentsList } from "./commands/agents-list.ts";
import { addApply } from "./commands/apply.ts";
import { addApprovalsApprove } from "./commands/approvals-approve.ts";
import { addApprovalsList } from "./commands/approvals-list.ts";
import { addApprovalsReject } from "./commands/approvals-reject.ts";
import { addCheck } from "./commands/check.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addEntityNote } from "./commands/entity-note.ts";
import { addEntityShow } from "./commands/entity-show.ts";
import { addExplain } from "./commands/explain.ts";
import { addHealth } from "./commands/health.ts";
import { addHelp } from "./commands/help.ts";
import { addKeysRevoke } from "./commands/keys-revoke.ts";
import { addPeopleKey } from "./commands/people-key.ts";
import { addPlan } from "./commands/plan.ts";
import { addRecallCancel } from "./commands/recall-cancel.ts";
import { addRecallPlan } from "./commands/recall-plan.ts";
import { addRecallQueue } from "./commands/recall-queue.ts";
import { addRecallReceipt } from "./commands/recall-receipt.ts";
import { addRecallResolve } from "./commands/recall-resolve.ts";
import { addRecallResume } from "./commands/recall-resume.ts";
import { addRecallStart } from "./commands/recall-start.ts";
import { addRecallStatus } from "./commands/recall-status.ts";
import { addResume } from "./commands/resume.ts";
import { addDataErase } from "./commands/data-erase.ts";
import { addReveal } from "./commands/reveal.ts";
import { addSourcesBaseline } from "./commands/sources-baseline.ts";
import { addSourcesCheck } from "./commands/sources-check.ts";
import { addSourcesCompare } from "./commands/sources-compare.ts";
import { addSourcesFindings } from "./commands/sources-findings.ts";
import { addSourcesList } from "./commands/sources-list.ts";
import { addSourcesProfile } from "./commands/sources-profile.ts";
import { addSourcesQuarantine } from "./commands/sources-quarantine.ts";
import { addSourcesReadiness } from "./commands/sources-readiness.ts";
import { addSourcesShow } from "./commands/sources-show.ts";
import { addStart } from "./commands/start.ts";
import { addStop } from "./commands/stop.ts";
import { addStopsList } from "./commands/stops-list.ts";
import { addToolsPin } from "./commands/tools-pin.ts";
import { addVerify } from "./commands/verify.ts";
import { exitCodes, isOurError, type ExitCode } from "./exit-codes.ts";
import { Failure, exitCodeOf } from "./failure.ts";
import type { Shell } from "./shell.ts";
import { clean, cleanLines } from "./text/clean.ts";

type AddCommand = (parent: Command, cli: Cli) => void;

const groups: readonly { readonly name: string; readonly description: string; readonly add: readonly AddCommand[] }[] =
  [
    { name: "agents", description: "agents and their keys", add: [addAgentsList, addAgentsKey] },
    { name: "people", description: "people's keys", add: [addPeopleKey] },
    { name: "keys", description: "keys of agents and people", add: [addKeysRevoke] },
    {
      name: "actions",
      description: "what agents proposed, and what became of it",
      add: [addActionsList, addActionsGet, addActionsResolve],
    },
    {
      name: "approvals",
      description: "what waits for a person",
      add: [addApprovalsList, addApprovalsApprove, addApprovalsReject],
    },
    {
      name: "recall",
      description: "what relied on something wrong, and taking it back",
      add: [
        addRecallPlan,
        addRecallStart,
        addRecallStatus,
        addRecallResume,
        addRecallCancel,
        addRecallQueue,
        addRecallResolve,
        addRecallReceipt,
      ],
    },
    {
      name: "entity",
      description: "what was done to a business object",
      add: [addEntityShow, addEntityNote],
    },
    {
      name: "sources",
      description: "what the data is like, whether it still is, and what comes in",
      add: [
        addSourcesList,
        addSourcesShow,
        addSourcesQuarantine,
        addSourcesProfile,
        addSourcesCompare,
        addSourcesCheck,
        addSourcesReadiness,
        addSourcesBaseline,
        addSourcesFindings,
      ],
    },
    { name: "data", description: "personal and other classed data", add: [addDataErase] },
    { name: "stops", description: "what is stopped", add: [addStopsList] },
    { name: "tools", description: "tools and their definitions", add: [addToolsPin] },
  ];

const version = "0.0.1";

/** Builds the tree. Nothing heavy is loaded until a command runs. */
export function buildProgram(cli: Cli): Command {
  const program = new Command("airworthy")
    .description("Govern what AI agents do: what they rest on, who says yes, and what can prove it.")
    .version(version)
    .addOption(new Option("--url <address>", "the server's address; else AIRWORTHY_URL, else the data folder's"))
    .addOption(new Option("--key-file <path>", "a file that holds the key, - for stdin; else AIRWORTHY_KEY_FILE"))
    .addOption(new Option("--data <dir>", "the data folder; else the nearest .airworthy"))
    .addOption(new Option("--tenant <name>", "the tenant, which a local administrator may choose"))
    .addOption(new Option("--json", "one JSON document on stdout"))
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: cli.shell.out, writeErr: cli.shell.err })
    .showSuggestionAfterError()
    .exitOverride();
  for (const add of [addStart, addCheck, addPlan, addApply, addExplain]) add(program, cli);
  for (const { name, description, add } of groups) {
    const group = program.command(name).description(description).helpCommand(false);
    for (const addOne of add) addOne(group, cli);
  }
  for (const add of [addStop, addResume, addReveal, addVerify, addHealth, addDoctor, addHelp]) add(program, cli);
  program.addHelpText("after", "\nExit codes: airworthy help exit-codes");
  return program;
}

/** Runs one command line and says with which code to leave. Never throws. */
export async function runProgram(words: readonly string[], shell: Shell): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok.code;
  const cli: Cli = { shell, finish: (asked) => void (code = asked) };
  try {
    await buildProgram(cli).parseAsync(words, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return codeOfUsage(error);
    const asked = exitCodeOf(error);
    shell.err(words.includes("--json") ? errorEnvelope(error, asked) : errorText(error));
    return asked;
  }
}

/** commander has already written what was wrong; help that was asked for is no error. */
const codeOfUsage = (error: CommanderError): ExitCode =>
  error.code === "commander.helpDisplayed" || error.code === "commander.version"
    ? exitCodes.ok.code
    : exitCodes.usage.code;

function errorEnvelope(error: unknown, exitCode: ExitCode): string {
  const code = isOurError(error) ? error.code : error instanceof Failure ? error.exit : "internal";
  return envelope("error", { code, message: messageOf(error), place: placeOf(error), fix: fixOf(error), exitCode });
}

function errorText(error: unknown): string {
  const place = placeOf(error);
  const fix = fixOf(error);
  const [first = "", ...others] = cleanLines(messageOf(error));
  // Indented, so that no line of a message can pose as one of ours.
  const lines = [`error: ${first}`, ...others.map((line) => `  ${line}`)];
  if (place !== undefined) lines.push(`  at ${clean(place)}`);
  if (fix !== undefined) lines.push(`  fix: ${clean(fix)}`);
  return lines.map((line) => `${line}\n`).join("");
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : "An unknown failure.");
const placeOf = (error: unknown): string | undefined => (isOurError(error) ? error.place : undefined);
const fixOf = (error: unknown): string | undefined =>
  error instanceof Failure || isOurError(error) ? error.fix : undefined;
