/** `airworthy stop`: stops something from the next decision on. Never asks, because stopping must not be slowed. */
import type { StopScope } from "@airworthy/contract";
import type { Command } from "commander";

import { act, type Call, type Cli } from "../call.ts";
import { Failure } from "../failure.ts";
import { withExamples } from "../help.ts";
import { stopText } from "../render/stops.ts";
import { clean } from "../text/clean.ts";
import { createPaint } from "../text/paint.ts";

type Options = {
  readonly agent?: string;
  readonly tool?: string;
  readonly entity?: string;
  readonly all?: boolean;
  readonly writesOnly?: boolean;
  readonly reason: string;
};

export function addStop(parent: Command, cli: Cli): void {
  const command = parent
    .command("stop")
    .summary("stop an agent, a tool, a business object or everything")
    .description("Stop an agent, a tool, a business object or everything, from the next decision on. It does not ask.")
    .option("--agent <name>", "stop this agent")
    .option("--tool <name>", "stop this tool")
    .option("--entity <type:id>", "stop everything about this business object")
    .option("--all", "stop everything")
    .option("--writes-only", "leave reading open")
    .requiredOption("--reason <text>", "why; it is recorded and shown with each refusal")
    .action(act<Options>(cli, runStop));
  withExamples(command, [
    'airworthy stop --agent refund-agent --reason "refunds look wrong"',
    'airworthy stop --all --reason "incident 12"',
    'airworthy stop --tool payments.refund --writes-only --reason "month end"',
  ]);
}

async function runStop(call: Call<Options>): Promise<undefined> {
  const scope = scopeOf(call.options);
  const mode = call.options.writesOnly === true ? "deny_writes" : "deny_all";
  const stop = await (await call.client()).createStop({ scope, mode, reason: call.options.reason });
  if (stop.warning !== undefined) {
    call.note(createPaint(call.errUsesColour).red(`WARNING: ${clean(stop.warning)}`));
  }
  call.print("stop", stop, () => `stopped  ${stopText(stop)}\n${stop.id}\n`);
  if (call.options.json !== true) call.note(`lift it with: airworthy resume ${stop.id}`);
  return undefined;
}

function scopeOf({ agent, tool, entity, all }: Options): StopScope {
  const scopes: StopScope[] = [];
  if (agent !== undefined) scopes.push({ kind: "agent", agent });
  if (tool !== undefined) scopes.push({ kind: "tool", tool });
  if (entity !== undefined) scopes.push({ kind: "entity", entity });
  if (all === true) scopes.push({ kind: "all" });
  const [scope, ...others] = scopes;
  if (scope === undefined || others.length > 0) {
    throw new Failure(
      "usage",
      "Say exactly one of --agent, --tool, --entity and --all.",
      "For several, stop several times.",
    );
  }
  return scope;
}
