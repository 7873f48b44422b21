/** `airworthy verify`: recomputes the ledger without the server that wrote it. */
import type { Command } from "commander";

import { act, type Call, type Cli } from "../call.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { withExamples } from "../help.ts";
import { renderVerification } from "../render/verification.ts";

export function addVerify(parent: Command, cli: Cli): void {
  const command = parent
    .command("verify")
    .summary("recompute the ledger, offline")
    .description(
      "Recompute every chain and checkpoint signature, reading the store directly: from DATABASE_URL where it is set, else from the data folder. Names each fault exactly.",
    )
    .action(act(cli, runVerify));
  withExamples(command, ["airworthy verify", "airworthy verify --data /var/lib/airworthy --json"]);
}

async function runVerify(call: Call<object>): Promise<ExitCode> {
  const { databaseUrl } = call.shell.environment;
  const { verifyOffline } = await call.shell.loadServer();
  const found = await verifyOffline({
    dataDir: call.dataFolder().path,
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  });
  call.print("verification", found, () => renderVerification(found, call.paint));
  return found.ok ? exitCodes.ok.code : exitCodes.gateFailed.code;
}
