/** `airworthy reveal`: turns a token into the value it stands for, on the record. */
import type { Command } from "commander";

import { act, type Cli } from "../call.ts";
import { Failure } from "../failure.ts";
import { withExamples } from "../help.ts";
import { valueText } from "../text/value.ts";

type Options = { readonly reason: string };

export function addReveal(parent: Command, cli: Cli): void {
  const command = parent
    .command("reveal")
    .summary("turn a token into the value it stands for")
    .description(
      "Turn a token into the value it stands for. Only for the roles that its class names; who and why is recorded in the ledger, the value is not.",
    )
    .argument("<token>", "the token, from tok_ on")
    .requiredOption("--reason <text>", "why; it is recorded")
    .action(
      act<Options>(cli, async (call) => {
        const token = call.args[0] ?? "";
        if (!/^tok_[a-z0-9_-]+_[0-9a-z]{26}$/.test(token)) {
          throw new Failure(
            "usage",
            "This is not a token.",
            "A token begins with tok_; copy it whole from an action or an answer.",
          );
        }
        const revealed = await (await call.client()).revealToken({ token, reason: call.options.reason });
        call.print("revealed-token", revealed, () => `${valueText(revealed.value)}\n`);
        call.note(`${revealed.class}; your name and reason are in the ledger`);
        return undefined;
      }),
    );
  withExamples(command, [
    'airworthy reveal tok_pii-email_3v9k0qf7m2c8x1z5t4r6w0y8a2 --reason "customer asked what we hold, case 812"',
  ]);
}
