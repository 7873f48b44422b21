/** Compares agents: what each may use, at which level and stage, and who answers for it. */
import { Level, Stage } from "@airworthy/contract";
import type { AgentDocument, Change, Snapshot } from "@airworthy/contract";

import { compareLists, kindOf, listNames, pairUp } from "./diff-entries.ts";
import type { Consequence, Pair } from "./diff-entries.ts";

type Content = Pick<Snapshot, "agents" | "tools">;
type Say = (control: Consequence["control"], detail: string) => void;

export function diffAgents(from: Content, to: Content): Consequence[] {
  return pairUp(from.agents, to.agents).flatMap((pair) => {
    const found: Consequence[] = [];
    const kind: Change["kind"] = kindOf(pair);
    const say: Say = (control, detail) =>
      found.push({
        control,
        change: { group: "agents", kind, name: pair.name, detail: `agent ${pair.name} ${detail}` },
      });
    describe(pair, to, say);
    return found;
  });
}

function describe({ was, is }: Pair<AgentDocument>, to: Content, say: Say): void {
  if (is === undefined) return say("more", "is removed; nothing it asks for will be allowed");
  if (was === undefined) {
    const tools = is.tools.length === 0 ? "nothing" : listNames(is.tools.map((tool) => showTool(tool, to)));
    return say("less", `is new: ${is.level}, in ${is.stage}, owned by ${is.owner}; it may use ${tools}`);
  }
  const { gained, lost } = compareLists(was.tools, is.tools);
  for (const tool of gained) say("less", `may now use ${showTool(tool, to)}`);
  for (const tool of lost) say("more", `may no longer use ${tool}`);
  describeStanding(was, is, say);
  if (showModel(was) !== showModel(is)) say("same", `changes its model from ${showModel(was)} to ${showModel(is)}`);
  if (was.owner !== is.owner) say("same", `is now owned by ${is.owner} (was ${was.owner})`);
  if (was.fleet !== is.fleet) say("same", `moves from fleet ${was.fleet ?? "none"} to ${is.fleet ?? "none"}`);
  if (was.purpose !== is.purpose) say("same", `has a new purpose: ${is.purpose}`);
}

function describeStanding(was: AgentDocument, is: AgentDocument, say: Say): void {
  const levels = Level.options;
  const rise = levels.indexOf(is.level) - levels.indexOf(was.level);
  if (rise !== 0)
    say(rise > 0 ? "less" : "more", `is ${rise > 0 ? "promoted" : "demoted"} from ${was.level} to ${is.level}`);
  const stages = Stage.options;
  const step = stages.indexOf(is.stage) - stages.indexOf(was.stage);
  if (step !== 0) say(step > 0 ? "less" : "more", `moves from ${was.stage} to ${is.stage}`);
}

function showTool(name: string, { tools }: Content): string {
  const tool = tools[name];
  return tool?.effect === "write" ? `${name} (write, ${tool.reversibility})` : name;
}

function showModel({ model }: AgentDocument): string {
  return model === undefined ? "none" : `${model.provider}/${model.name}`;
}
