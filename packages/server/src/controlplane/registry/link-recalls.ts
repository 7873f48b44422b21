/** Checks what recalls need: tools that take back what tools did, and people who may approve that. */
import { canSeatAll } from "../../kernel/can-seat-all.ts";
import { recallName } from "../../kernel/recall-principal.ts";
import { report, reportMissing, reportTool } from "./link-index.ts";
import type { LinkedTool, LinkIndex } from "./link-index.ts";
import type { DataPath } from "./place.ts";

export function linkRecalls(index: LinkIndex): void {
  for (const agent of index.agents) {
    if (agent.document.name !== recallName) continue;
    const message = `"${recallName}" is the principal that takes actions back; no agent can have its name`;
    report(index, { code: "AW1850", file: agent.file, place: agent.locate(["name"]) }, { message });
  }
  for (const linked of index.tools.values()) linkTool(index, linked);
  for (const [position, policy] of index.recallPolicies.entries()) {
    if (position > 0) {
      const message = `there is a recall policy already: ${index.recallPolicies[0]?.document.name ?? ""}`;
      report(index, { code: "AW1851", file: policy.file, place: policy.locate(["kind"]) }, { message });
    }
    linkTeams(index, policy, { path: ["approvers"], teams: policy.document.approvers });
    linkTeams(index, policy, { path: ["fourEyes", "approvers"], teams: policy.document.fourEyes.approvers });
  }
}

function linkTool(index: LinkIndex, linked: LinkedTool): void {
  const { name, effect, compensate, notice } = linked.tool;
  for (const part of ["compensate", "notice"] as const) {
    if (linked.tool[part] === undefined || effect === "write") continue;
    const message = `${name} only reads: there is nothing to take back or to correct`;
    reportTool(index, { code: "AW1854", linked, path: [part] }, { message });
  }
  const servant = compensate && index.tools.get(compensate.tool);
  if (!servant || servant.tool.effect !== "write" || servant.tool.entity !== undefined || notice) return;
  const message = `${servant.tool.name} names no business object, so it cannot be seen that an agent has called it itself`;
  const hint = `declare entity: { type: …, id: $.… } on ${servant.tool.name}`;
  reportTool(index, { code: "AW1856", linked, path: ["compensate", "tool"] }, { message, hint });
}

type Policy = LinkIndex["recallPolicies"][number];

function linkTeams(
  index: LinkIndex,
  policy: Policy,
  { path, teams }: { readonly path: DataPath; readonly teams: readonly string[] },
): void {
  const missing = teams.map((name, position) => {
    const place = policy.locate([...path, position]);
    return reportMissing(index, { code: "AW1852", file: policy.file, place }, { kind: "Team", name });
  });
  if (missing.includes(true) || !index.complete) return;
  const membersOf = (name: string): readonly string[] =>
    index.teams.find((team) => team.document.name === name)?.document.members ?? [];
  if (new Set(teams).size === teams.length && canSeatAll(teams, membersOf)) return;
  const message = `${teams.join(" and ")} cannot each be answered for by another person`;
  report(index, { code: "AW1853", file: policy.file, place: policy.locate([...path]) }, { message });
}
