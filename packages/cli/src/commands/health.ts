/** `airworthy health`: whether the server can judge and act. */
import type { Command } from "commander";

import { act, type Cli } from "../call.ts";
import { exitCodes } from "../exit-codes.ts";
import { withExamples } from "../help.ts";
import { clean } from "../text/clean.ts";
import { spanText } from "../text/moment.ts";

export function addHealth(parent: Command, cli: Cli): void {
  const command = parent
    .command("health")
    .description("Ask whether the server can judge and act. Needs no key.")
    .action(
      act(cli, async (call) => {
        const health = await (await call.client()).readHealth();
        const { ok, store, controlAgeMs, version } = health;
        call.print("health", health, () => {
          const word = ok ? call.paint.green("ok") : call.paint.red("not ok");
          const control =
            controlAgeMs === undefined ? "control view unknown" : `control view ${spanText(controlAgeMs)} old`;
          return `${word}  store ${store ? "reachable" : "unreachable"}, ${control}, version ${clean(version)}\n`;
        });
        return ok ? exitCodes.ok.code : exitCodes.gateFailed.code;
      }),
    );
  withExamples(command, ["airworthy health", "airworthy health --url https://airworthy.example --json"]);
}
