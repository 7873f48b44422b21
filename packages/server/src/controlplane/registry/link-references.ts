/** Checks that agents, teams and budgets name people, tools and agents that exist. */
import type { AgentDocument, BudgetDocument } from "@airworthy/contract";

import { report, reportMissing } from "./link-index.ts";
import type { LinkIndex, Spot } from "./link-index.ts";
import type { DeclaredName, LoadedDocument } from "./load-documents.ts";
import { isPinnedModel } from "./model-pins.ts";

export function linkReferences(index: LinkIndex): void {
  for (const agent of index.agents) linkAgent(index, agent);
  for (const team of index.teams)
    linkList(index, team, { key: "members", kind: "Person", code: "AW1103", names: team.document.members });
  for (const budget of index.budgets) linkBudget(index, budget);
}

function linkAgent(index: LinkIndex, agent: LoadedDocument<AgentDocument>): void {
  const { owner, model, tools } = agent.document;
  const ownerAt: Spot = { code: "AW1101", file: agent.file, place: agent.locate(["owner"]) };
  reportMissing(index, ownerAt, { kind: "Person", name: owner });
  linkList(index, agent, { key: "tools", kind: "Tool", code: "AW1102", names: tools });
  if (model === undefined || isPinnedModel(model.name)) return;
  const spot: Spot = { code: "AW1401", file: agent.file, place: agent.locate(["model", "name"]) };
  report(index, spot, {
    message: `"${model.name}" floats: ${model.provider} may serve another model under this name tomorrow`,
    hint: "name a dated or numbered snapshot, such as gpt-4o-2024-08-06",
  });
}

function linkBudget(index: LinkIndex, budget: LoadedDocument<BudgetDocument>): void {
  const { agents, tools } = budget.document;
  linkList(index, budget, { key: "agents", kind: "Agent", code: "AW1104", names: agents ?? [] });
  linkList(index, budget, { key: "tools", kind: "Tool", code: "AW1105", names: tools });
  for (const [position, name] of tools.entries()) {
    const linked = index.tools.get(name);
    if (linked === undefined || linked.tool.amount !== undefined) continue;
    const spot: Spot = { code: "AW1310", file: budget.file, place: budget.locate(["tools", position]) };
    const message = `${name} declares no amount, so this budget would never count it`;
    report(index, spot, { message, hint: `declare amount: { minor: $.…, currency: … } on ${name}` });
  }
}

function linkList(
  index: LinkIndex,
  from: LoadedDocument,
  list: {
    readonly key: string;
    readonly kind: DeclaredName["kind"];
    readonly code: "AW1102" | "AW1103" | "AW1104" | "AW1105";
    readonly names: readonly string[];
  },
): void {
  for (const [position, name] of list.names.entries()) {
    const place = from.locate([list.key, position]);
    reportMissing(index, { code: list.code, file: from.file, place }, { kind: list.kind, name });
    if (list.names.indexOf(name) === position) continue;
    report(index, { code: "AW1107", file: from.file, place }, { message: `"${name}" is listed twice` });
  }
}
