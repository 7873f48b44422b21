/** `airworthy entity note`: a person puts on record what was done outside, or places or releases a hold. */
import type { Command } from "commander";

import { act, type Call, type Cli } from "../call.ts";
import { Failure } from "../failure.ts";
import { wholeNumber, withExamples } from "../help.ts";
import { readEntityKey, readId } from "../ids.ts";
import { renderEntity } from "../render/entity.ts";

type Options = {
  readonly reason: string;
  readonly state?: string;
  readonly contradicts?: readonly string[];
  readonly ends?: readonly string[];
  readonly hold?: boolean;
  readonly release?: string | true;
  readonly in?: number;
  readonly out?: number;
  readonly currency?: string;
};

export function addEntityNote(parent: Command, cli: Cli): void {
  const minor = wholeNumber(0, Number.MAX_SAFE_INTEGER);
  const command = parent
    .command("note")
    .summary("put on record what a person did")
    .description("Put on record what was done to a business object outside, or place or release a hold on it.")
    .argument("<entity>", "the business object, as type:id")
    .requiredOption("--reason <text>", "what was done, and how you know")
    .option("--state <state>", "the state that stands from now on")
    .option("--contradicts <state...>", "states that this one does not go together with")
    .option("--ends <state...>", "states that no longer stand")
    .option("--hold", "place a hold")
    .option("--release [effect]", "release all holds, or the one that this effect placed")
    .option("--in <minor>", "came in, in minor units", minor)
    .option("--out <minor>", "went out, in minor units", minor)
    .option("--currency <code>", "of the amount, such as EUR")
    .action(act<Options>(cli, runNote));
  withExamples(command, [
    'airworthy entity note invoice:4711 --reason "paid by cheque" --state paid --out 120000 --currency EUR',
    'airworthy entity note invoice:4711 --hold --reason "audit"',
    'airworthy entity note invoice:4711 --release --reason "audit is over"',
  ]);
}

async function runNote(call: Call<Options>): Promise<undefined> {
  const entity = readEntityKey(call.args[0]);
  const { reason, state, contradicts, ends, release } = call.options;
  const client = await call.client();
  const record = await client.noteEntity({
    entity,
    reason,
    ...(state === undefined ? {} : { state }),
    ...(contradicts === undefined ? {} : { contradicts: [...contradicts] }),
    ...(ends === undefined ? {} : { ends: [...ends] }),
    ...holdOf(call.options),
    ...(typeof release === "string" ? { releases: readId(release.startsWith("eff_") ? "eff" : "act", release) } : {}),
    ...moneyOf(call.options),
  });
  const look = { paint: call.paint, width: call.pageWidth, now: call.shell.now() };
  call.print("entity", record, () => renderEntity(record, [], look));
  return undefined;
}

function holdOf({ hold, release }: Options): { hold?: "place" | "release" } {
  if (hold === true && release !== undefined) {
    throw new Failure("usage", "Say one of --hold and --release.", "Place a hold, or release one.");
  }
  if (hold === true) return { hold: "place" };
  return release === undefined ? {} : { hold: "release" };
}

function moneyOf(options: Options): { money?: { minor: number; currency: string; flow: "in" | "out" } } {
  const { currency } = options;
  if (options.in === undefined && options.out === undefined && currency === undefined) return {};
  const flow = options.in === undefined ? "out" : "in";
  const minor = options.in ?? options.out;
  if (minor === undefined || currency === undefined || (options.in !== undefined && options.out !== undefined)) {
    throw new Failure(
      "usage",
      "An amount is one of --in and --out, with --currency.",
      "For example --out 120000 --currency EUR.",
    );
  }
  return { money: { minor, currency, flow } };
}
