/** `airworthy entity show`: what agents and people did to one business object, and what stands of it. */
import type { Command } from "commander";

import { act, type Call, type Cli } from "../call.ts";
import { wholeNumber, withExamples } from "../help.ts";
import { readEntityKey } from "../ids.ts";
import { renderEntity } from "../render/entity.ts";

type Options = { readonly before?: number; readonly limit: number };

export function addEntityShow(parent: Command, cli: Cli): void {
  const command = parent
    .command("show")
    .summary("what was done to a business object")
    .description("Show what agents and people did to one business object: timeline, conflicts, holds, net.")
    .argument("<entity>", "the business object, as type:id")
    .option(
      "--before <version>",
      "only effects before this version, for paging",
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    )
    .option("--limit <count>", "at most so many effects", wholeNumber(1, 500), 50)
    .action(act<Options>(cli, runShow));
  withExamples(command, ["airworthy entity show invoice:4711", "airworthy entity show invoice:4711 --json"]);
}

async function runShow(call: Call<Options>): Promise<undefined> {
  const entity = readEntityKey(call.args[0]);
  const { before, limit } = call.options;
  const client = await call.client();
  const record = await client.readEntity({ entity, ...(before === undefined ? {} : { before }), limit });
  const { actions: waiting } = await client.listActions({ entity, status: "waiting" });
  const look = { paint: call.paint, width: call.pageWidth, now: call.shell.now() };
  call.print("entity", { ...record, waiting }, () => renderEntity(record, waiting, look));
  return undefined;
}
