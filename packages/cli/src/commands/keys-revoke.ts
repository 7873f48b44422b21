/** `airworthy keys revoke`: revokes an API key at once. */
import type { Command } from "commander";

import { act, type Cli } from "../call.ts";
import { withExamples } from "../help.ts";
import { readId } from "../ids.ts";

export function addKeysRevoke(parent: Command, cli: Cli): void {
  const command = parent
    .command("revoke")
    .description("Revoke an API key at once.")
    .argument("<key-id>", "the key's id, as `agents list --json` shows it")
    .action(
      act(cli, async (call) => {
        const id = readId("key", call.args[0]);
        const revoked = await (await call.client()).revokeKey({ id });
        call.print("key-revoked", revoked, () => `revoked  ${revoked.id}\n`);
        return undefined;
      }),
    );
  withExamples(command, ["airworthy keys revoke key_0190a0b0c0d07000800000000000abcd"]);
}
