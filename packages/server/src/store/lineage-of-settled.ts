/** The lineage of an action that was settled outside its walk, from what its working row had kept. */
import type { ActionId, ActionRecord } from "@airworthy/contract";

import type { Settlement } from "../kernel/action-store.ts";
import { defined } from "../kernel/defined.ts";
import { describeLineage } from "../kernel/lineage/describe-lineage.ts";
import type { LineageEntry } from "../kernel/lineage/lineage-entry.ts";
import type { Grounds } from "./evidence.ts";

export type SettledRow = {
  readonly tenant: string;
  readonly id: ActionId;
  readonly agent: string;
  readonly tool: string;
  readonly run: string | undefined;
  readonly kept: Partial<Pick<ActionRecord, "facts" | "lineage" | "provenance">>;
  readonly grounds: Grounds | undefined;
};

const nothing = { facts: [], cited: [], factDigests: [], lineage: [], provenance: [], under: { policies: [] } };

/** An end that was written before has its lineage already, and its grounds are gone from the row. */
export function lineageOfSettled(row: SettledRow, outcome: Settlement["outcome"]): LineageEntry {
  const { tenant, id, agent, tool, run, kept, grounds } = row;
  const { facts, lineage, provenance } = kept;
  return describeLineage({
    tenant,
    id,
    agent,
    tool,
    run,
    ...(grounds ? { ...nothing, ...defined({ facts, lineage, provenance }), ...grounds } : nothing),
    observations: outcome.status === "done" ? outcome.observations : [],
    written: outcome.status === "failed" ? [] : (outcome.written ?? []),
  });
}
