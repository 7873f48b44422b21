/** One action of a recall: which group it falls into, and what is to become of it. */
import type { GovernedTool, RecallChoice, RecallChoices, RecallGroup, RecallItem, Snapshot } from "@airworthy/contract";

import { describeCompensation } from "../../kernel/describe-compensation.ts";
import type { RecalledAction } from "../../kernel/lineage/lineage-reader.ts";
import type { Member } from "./closure.ts";
import type { TakenBack } from "./find-taken-back.ts";

export type Place = {
  readonly member: Member;
  readonly place: number;
  readonly choices: RecallChoices;
  readonly snapshots: ReadonlyMap<number, Snapshot>;
  readonly takenBack: TakenBack;
};

/** What is done where nobody chose otherwise: taken back where that is possible, else given to a person. */
const usual: Record<RecallGroup, RecallChoice> = {
  reversible: "compensate",
  externally_reversible: "compensate",
  irreversible: "manual",
  compensated: "leave",
  without_effect: "leave",
};

export function choiceFor(group: RecallGroup, choices: RecallChoices): RecallChoice {
  if (group === "compensated" || group === "without_effect") return usual[group];
  return choices[group] ?? usual[group];
}

export function describeItem(
  action: RecalledAction,
  { member, place, choices, snapshots, takenBack }: Place,
): RecallItem {
  const { record, effect } = action;
  const tool = effect && snapshots.get(effect.snapshotVersion)?.tools[record.tool];
  const group = groupOf(action, { tool, takenBack });
  const asked = choiceFor(group, choices);
  const compensation =
    tool && (asked === "compensate" || asked === "notify") ? describeCompensation(action, tool, asked) : undefined;
  return {
    action: record.id,
    agent: record.agent,
    tool: record.tool,
    at: new Date(member.node.endedAt).toISOString(),
    status: record.status,
    ...(record.entity ? { entity: record.entity } : {}),
    ...(record.amount ? { amount: record.amount } : {}),
    group,
    depth: member.depth,
    because: [...new Map(member.because.map((one) => [JSON.stringify(one), one])).values()],
    // What nobody knows how to take back is for a person, whatever was chosen for its group.
    choice: asked === "compensate" && compensation?.arguments === undefined ? "manual" : asked,
    ...(compensation ? { compensation } : {}),
    reverseOrder: place,
  };
}

/** What took something back for a recall is the end of it. */
const mayHaveHappened = ({ effect, record }: RecalledAction): boolean =>
  effect !== undefined &&
  ["started", "done", "unknown"].includes(effect.state) &&
  record.status !== "failed" &&
  record.recall === undefined;

type Known = Pick<Place, "takenBack"> & { readonly tool: GovernedTool | undefined };

/** `unknown` counts as done: fail closed. */
function groupOf(action: RecalledAction, { tool, takenBack }: Known): RecallGroup {
  const { effect, record } = action;
  if (effect?.compensated === true || takenBack.taken.has(record.id)) return "compensated";
  if (!mayHaveHappened(action) || takenBack.takers.has(record.id)) return "without_effect";
  const { reversibility = "irreversible" } = tool ?? {};
  return reversibility === "read_only" ? "without_effect" : reversibility;
}
