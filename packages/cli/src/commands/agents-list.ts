/** `airworthy agents list`: the agents of the live snapshot. */
import type { Output } from "@airworthy/contract";
import type { Command } from "commander";

import { act, type Call, type Cli } from "../call.ts";
import { withExamples } from "../help.ts";
import { clean } from "../text/clean.ts";
import { renderTable } from "../text/table.ts";

export function addAgentsList(parent: Command, cli: Cli): void {
  const command = parent
    .command("list")
    .description("List the agents of the live snapshot.")
    .action(
      act(cli, async (call) => {
        const { agents } = await (await call.client()).listAgents();
        call.print("agents", { agents }, () => renderAgents(agents, call));
        return undefined;
      }),
    );
  withExamples(command, ["airworthy agents list", "airworthy agents list --json"]);
}

function renderAgents(agents: Output<"listAgents">["agents"], call: Call<object>): string {
  if (agents.length === 0) return "There are no agents; publish a configuration with `airworthy plan` and `apply`.\n";
  return renderTable(
    [
      { title: "AGENT" },
      { title: "STAGE" },
      { title: "LEVEL" },
      { title: "OWNER", shrinks: true },
      { title: "TOOLS", align: "right" },
      { title: "KEYS", align: "right" },
      { title: "PURPOSE", shrinks: true },
    ],
    agents.map((agent) => [
      clean(agent.name),
      agent.stage,
      agent.level,
      clean(agent.owner),
      String(agent.tools.length),
      String(agent.keys.length),
      clean(agent.purpose),
    ]),
    { width: call.tableWidth, title: call.paint.dim },
  );
}
