/** Finds, among the actions of a recall, those that took another one back: an agent that saw its error first. */
import type { ActionId, Snapshot } from "@airworthy/contract";

import { canonicalJson } from "../../kernel/canonical.ts";
import { describeCompensation } from "../../kernel/describe-compensation.ts";
import type { RecalledAction } from "../../kernel/lineage/lineage-reader.ts";

export type TakenBack = {
  readonly taken: ReadonlySet<ActionId>;
  /** Those that did it: they are the end of what they took back, and nothing is to be done about them. */
  readonly takers: ReadonlySet<ActionId>;
};

/** By the very call that the tool of the earlier one declares for it. */
export function findTakenBack(actions: readonly RecalledAction[], snapshots: ReadonlyMap<number, Snapshot>): TakenBack {
  const byCall = new Map<string, ActionId[]>();
  for (const { record } of actions) {
    if (record.status !== "done") continue;
    const call = nameCall(record);
    const same = byCall.get(call);
    if (same) same.push(record.id);
    else byCall.set(call, [record.id]);
  }
  const [taken, takers] = [new Set<ActionId>(), new Set<ActionId>()];
  for (const action of actions) {
    const { record, effect } = action;
    const tool = effect && snapshots.get(effect.snapshotVersion)?.tools[record.tool];
    const call = tool && describeCompensation(action, tool, "compensate");
    if (call?.arguments === undefined) continue;
    const taker = byCall.get(nameCall(call))?.find((id) => id > record.id && !takers.has(id));
    if (taker === undefined) continue;
    taken.add(record.id);
    takers.add(taker);
  }
  return { taken, takers };
}

const nameCall = ({ tool, arguments: args }: Pick<RecalledAction["record"], "tool" | "arguments">): string =>
  `${tool} ${canonicalJson(args)}`;
