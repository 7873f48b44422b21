/** `airworthy resume`: lifts a stop, after showing which. */
import type { StopId } from "@airworthy/contract";
import type { Client } from "@airworthy/sdk";
import type { Command } from "commander";

import { act, type Call, type Cli } from "../call.ts";
import { Failure } from "../failure.ts";
import { withExamples } from "../help.ts";
import { readId } from "../ids.ts";
import { stopText } from "../render/stops.ts";
import { clean } from "../text/clean.ts";

type Options = { readonly yes?: boolean; readonly reason?: string };

export function addResume(parent: Command, cli: Cli): void {
  const command = parent
    .command("resume")
    .summary("lift a stop")
    .description("Lift a stop. It shows the stop and asks first.")
    .argument("<stop>", "the stop's id")
    .option("--reason <text>", "why; it is recorded")
    .option("--yes", "do not ask")
    .action(act<Options>(cli, runResume));
  withExamples(command, ['airworthy resume stp_0190a0b0c0d07000800000000000abcd --reason "rule corrected"']);
}

async function runResume(call: Call<Options>): Promise<undefined> {
  const { yes, reason } = call.options;
  const id = readId("stp", call.args[0]);
  const client = await call.client();
  const question = yes === true ? "" : await describe(client, id);
  await call.confirm(question, yes);
  const stop = await client.liftStop({ id, ...(reason === undefined ? {} : { reason }) });
  call.print("stop", stop, () => `lifted  ${stopText(stop)}\n`);
  return undefined;
}

async function describe(client: Client, id: StopId): Promise<string> {
  const { stops } = await client.listStops();
  const stop = stops.find((each) => each.id === id);
  if (stop === undefined) {
    throw new Failure("unexpected", `No stop ${id} is in force.`, "See `airworthy stops list`.");
  }
  return `Lift the stop on ${stopText(stop)}, set by ${clean(stop.by)}: “${clean(stop.reason)}”?`;
}
