/** `airworthy data erase`: erases the values that tokens stand for, on the record. */
import type { TokenErasure } from "@airworthy/contract";
import type { Command } from "commander";

import { act, type Call, type Cli } from "../call.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import { withExamples } from "../help.ts";
import { clean } from "../text/clean.ts";
import { countText } from "../text/value.ts";

type Options = { readonly reason: string };

export function addDataErase(parent: Command, cli: Cli): void {
  const command = parent
    .command("erase")
    .summary("erase the values that tokens stand for")
    .description(
      "Erase the values that tokens stand for, and what agents have read of them. Needs the role privacy. Who, why and which tokens is recorded in the ledger, the values are not. Erase at the source first: what a source still says is read anew.",
    )
    .argument("<token...>", "tokens, each from tok_ on; at most 100")
    .requiredOption("--reason <text>", "why; it is recorded")
    .action(act<Options>(cli, runErase));
  withExamples(command, [
    'airworthy data erase tok_pii-email_3v9k0qf7m2c8x1z5t4r6w0y8a2 --reason "request for erasure, case 812"',
  ]);
}

const stateText: Record<TokenErasure["state"], string> = {
  erased: "erased        ",
  already_erased: "erased before ",
  unknown: "unknown       ",
};

async function runErase(call: Call<Options>): Promise<ExitCode | undefined> {
  const wrong = call.args.find((token) => !/^tok_[a-z0-9_-]+_[0-9a-z]{26}$/.test(token));
  if (wrong !== undefined) {
    throw new Failure(
      "usage",
      `${clean(wrong)} is not a token; nothing was erased.`,
      "A token begins with tok_; copy it whole from an action or an answer.",
    );
  }
  const client = await call.client();
  const { tokens, observations } = await client.eraseTokens({ tokens: [...call.args], reason: call.options.reason });
  call.print("erased-tokens", { tokens, observations }, () =>
    tokens.map(({ token, state }) => `${stateText[state]}${token}\n`).join(""),
  );
  call.note(
    `${countText(observations, "read")} of these values erased as well; your name and reason are in the ledger`,
  );
  return tokens.some(({ state }) => state === "unknown") ? exitCodes.partlyApplied.code : undefined;
}
