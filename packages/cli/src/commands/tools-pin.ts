/** `airworthy tools pin`: writes down the reviewed definitions of a connector's tools. */
import type { Command } from "commander";
import { resolve } from "node:path";

import { act, type Cli } from "../call.ts";
import type { PinResult } from "../server-parts.ts";
import { withExamples } from "../help.ts";
import { clean } from "../text/clean.ts";
import { digestText } from "../text/value.ts";

type Options = { readonly config: string };

export function addToolsPin(parent: Command, cli: Cli): void {
  const command = parent
    .command("pin")
    .summary("pin the tool definitions of an MCP connector")
    .description(
      "Fetch the tool definitions of an MCP connector and pin their digests in the configuration. Review them first.",
    )
    .argument("<connector>", "the connector's name")
    .option("--config <dir>", "the configuration folder", ".")
    .action(
      act<Options>(cli, async (call) => {
        const { pinTools } = await call.shell.loadServer();
        const configDir = resolve(call.shell.cwd, call.options.config);
        const pinned = await pinTools({ configDir, connector: call.args[0] ?? "" });
        call.print("pins", pinned, () => renderPins(pinned));
        return undefined;
      }),
    );
  withExamples(command, ["airworthy tools pin ticketing --config ./airworthy"]);
}

function renderPins({ file, tools }: PinResult): string {
  const lines = tools.map((tool) => {
    const word = tool.was === undefined ? "pinned" : tool.was === tool.pin ? "same" : "changed";
    return `${word.padEnd(7)}  ${clean(tool.name)}  ${digestText(tool.pin)}`;
  });
  return [...lines, `in ${clean(file)}`].map((line) => `${line}\n`).join("");
}
