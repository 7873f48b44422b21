/** `airworthy recall plan`: shows what a recall would reach, and writes it down for `recall start`. */
import type { RecallChoice, RecallPlan, RecallSelector } from "@airworthy/contract";
import { InvalidArgumentError, type Command } from "commander";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { act, type Call, type Cli } from "../call.ts";
import { Failure } from "../failure.ts";
import { withExamples } from "../help.ts";
import { readId } from "../ids.ts";
import { selectorText } from "../render/recalls.ts";
import { moneyText } from "../text/moment.ts";
import { countText } from "../text/value.ts";

type Choices = Readonly<Record<string, RecallChoice>>;
type Options = {
  readonly run?: string;
  readonly action?: string;
  readonly choose: Choices;
  readonly out?: string;
};

export function addRecallPlan(parent: Command, cli: Cli): void {
  const command = parent
    .command("plan")
    .summary("show what a recall would reach")
    .description("Show what a recall would reach and how each action would be taken back. Nothing is done by it.")
    .option("--run <run>", "everything that one run did")
    .option("--action <id>", "one action")
    .option(
      "--choose <group=choice>",
      "reversible, externally_reversible or irreversible = compensate, notify, manual or leave",
      addChoice,
      {},
    )
    .option("-o, --out <file>", "write the plan here, for `airworthy recall start`")
    .action(act<Options>(cli, runPlan));
  withExamples(command, [
    "airworthy recall plan --run run-17 -o rollback.plan",
    "airworthy recall plan --run run-17 --choose irreversible=notify -o rollback.plan",
  ]);
}

function addChoice(text: string, before: Choices): Choices {
  const [, group = "", choice = ""] =
    /^(reversible|externally_reversible|irreversible)=(compensate|notify|manual|leave)$/.exec(text) ?? [];
  if (group === "") throw new InvalidArgumentError("It must be group=choice, such as irreversible=manual.");
  // The pattern admits these alone.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { ...before, [group]: choice as RecallChoice };
}

async function runPlan(call: Call<Options>): Promise<undefined> {
  const plan = await (
    await call.client()
  ).planRecall({ selector: selectorOf(call.options), choices: call.options.choose });
  call.print("recall-plan", plan, () => planText(plan));
  if (call.options.out === undefined) return undefined;
  write(resolve(call.shell.cwd, call.options.out), plan);
  call.note(`written to ${call.options.out}; start exactly this with: airworthy recall start ${call.options.out}`);
  return undefined;
}

function selectorOf({ run, action }: Options): RecallSelector {
  if ((run === undefined) === (action === undefined)) {
    throw new Failure("usage", "Say exactly one of --run and --action.", "For several, make several plans.");
  }
  return run === undefined ? { from: "action", action: readId("act", action) } : { from: "run", run };
}

function planText(plan: RecallPlan): string {
  const groups = Object.entries(plan.groups).flatMap(([group, { count, amounts, choice }]) => {
    if (count === 0) return [];
    const money = amounts.map((amount) => moneyText(amount)).join(", ");
    return [
      `  ${countText(count, "action")} ${group.replaceAll("_", " ")}: ${choice}${money === "" ? "" : `, ${money}`}`,
    ];
  });
  return [
    `RECALL  ${plan.id}  from ${selectorText(plan.selector)}`,
    ...groups,
    `  good until ${plan.expiresAt}`,
    "",
  ].join("\n");
}

function write(path: string, plan: RecallPlan): void {
  try {
    writeFileSync(path, `${JSON.stringify(plan, undefined, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    const cause = error instanceof Error ? error.message : "unknown cause";
    throw new Failure("usage", `The plan could not be written (${cause}).`, "Give -o a file in a folder that exists.");
  }
}
