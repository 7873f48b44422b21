/** `airworthy sources quarantine release`: takes a quarantined record after all. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import type { JsonObject } from "@airworthy/contract";
import type { Command } from "commander";

import { act, type Call, type Cli } from "../call.ts";
import { Failure } from "../failure.ts";
import { withExamples } from "../help.ts";
import { readId } from "../ids.ts";

type Options = { readonly reason: string; readonly value?: string };

export function addQuarantineRelease(parent: Command, cli: Cli): void {
  const command = parent
    .command("release")
    .summary("take a quarantined record after all")
    .description(
      "Take a quarantined record after all: as it is, or with the corrected value of a file. It is brought in once, where it stood; a newer one of its key stays. A record that stood in a tool's answer may pass from now on.",
    )
    .argument("<id>", "its id")
    .requiredOption("--reason <text>", "why; it is recorded")
    .option("--value <file>", "a file with the JSON object to take in its place")
    .action(
      act<Options>(cli, async (call) => {
        const id = readId("qrn", call.args[0]);
        const { reason, value } = call.options;
        const given = value === undefined ? {} : { value: readValue(call, value) };
        const released = await (await call.client()).releaseQuarantined({ id, reason, ...given });
        call.print("quarantined", released, () => `released  ${released.id}\n`);
        return undefined;
      }),
    );
  withExamples(command, [
    'airworthy sources quarantine release qrn_0190a0b0c0d07000800000000000abcd --reason "confirmed by the vendor"',
    'airworthy sources quarantine release qrn_0190a0b0c0d07000800000000000abcd --reason "typing error" --value fixed.json',
  ]);
}

function readValue({ shell }: Call<Options>, file: string): JsonObject {
  const fix = "Give a file that holds one JSON object.";
  try {
    const value: unknown = JSON.parse(readFileSync(resolve(shell.cwd, file), "utf8"));
    if (isObject(value)) return value;
  } catch {
    throw new Failure("usage", `${file} cannot be read as JSON.`, fix);
  }
  throw new Failure("usage", `${file} does not hold a JSON object.`, fix);
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
