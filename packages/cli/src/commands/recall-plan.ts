/** `airworthy recall plan`: shows what relied on something, and writes down what is to become of it. */
import type { RecallPlan } from "@airworthy/contract";
import type { Command } from "commander";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { act, type Call, type Cli } from "../call.ts";
import { Failure } from "../failure.ts";
import { withExamples } from "../help.ts";
import { readChoices, readSelector, type SelectorOptions } from "../recall-selector.ts";
import { renderRecallPlan } from "../render/recall-plan.ts";

type Options = SelectorOptions & { readonly out?: string; readonly choose?: readonly string[] };

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

export function addRecallPlan(parent: Command, cli: Cli): void {
  const command = parent
    .command("plan")
    .summary("show what relied on something, and plan taking it back")
    .description(
      "Show every action that relied on something, everything that relied on those, and so on, across agents; and plan what is to become of each. Changes nothing.",
    )
    .option("--fact <name>", "start from a fact, with --key, --value, --in-version, --source")
    .option("--key <whose>", "whose fact, such as an account's id")
    .option("--value <value>", "only where it was seen with this value: JSON, or a text")
    .option("--source <tool>", "only as this read tool reported it")
    .option("--batch <id>", "start from one delivery of a source")
    .option("--document <digest>", "start from a document, by its SHA-256")
    .option("--agent <name>", "start from what an agent did")
    .option("--model <provider/name>", "start from what was done with a model")
    .option("--prompt <digest>", "start from what was done under a prompt")
    .option("--policy <id>", "start from what a policy decided")
    .option("--tool <name>", "start from what was done with a tool")
    .option("--approver <name>", "start from what a person approved")
    .option("--run <run>", "start from what was done in a run")
    .option("--action <id>", "start from one action")
    .option("--in-version <version>", "only this version of the fact, agent, policy or tool")
    .option("--since <time>", "only from then on: a time, or 90m, 2h, 7d ago; alone: everything since")
    .option("--until <time>", "only before then")
    .option(
      "--choose <group=choice>",
      "what becomes of a group (reversible, externally_reversible, irreversible): compensate, notify, manual or leave; repeatable",
      collect,
    )
    .option("-o, --out <file>", "write the plan here, to be approved and carried out")
    .action(act<Options>(cli, runRecallPlan));
  withExamples(command, [
    "airworthy recall plan --fact crm.account.status --key acc-17 -o recall.plan",
    "airworthy recall plan --agent billing-corrections --since 2h --choose irreversible=notify",
    "airworthy recall plan --batch prices-2026-11-20 --json",
  ]);
}

async function runRecallPlan(call: Call<Options>): Promise<undefined> {
  const { shell, options } = call;
  const selector = await readSelector(options, shell.now());
  const choices = readChoices(options.choose ?? []);
  const client = await call.client();
  const plan = await client.planRecall({ selector, choices });
  call.print("recall-plan", plan, () => renderRecallPlan(plan, { paint: call.paint, width: call.pageWidth }));
  if (options.out !== undefined) writePlan(call, plan, options.out);
  return undefined;
}

function writePlan(call: Call<Options>, plan: RecallPlan, out: string): void {
  try {
    writeFileSync(resolve(call.shell.cwd, out), `${JSON.stringify(plan, undefined, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    const cause = error instanceof Error ? error.message : "unknown cause";
    throw new Failure("usage", `The plan could not be written (${cause}).`, "Give -o a file in a folder that exists.");
  }
  call.note(`written to ${out}; it may be started until ${plan.expiresAt}, while nothing new relies on this`);
}
