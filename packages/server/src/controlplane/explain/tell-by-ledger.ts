/** Puts what the ledger says of an action in place of what its working row says, and says where the two differ. */
import { isDeepStrictEqual } from "node:util";

import type { ActionRecord } from "@airworthy/contract";

import type { ActionAccount, ToldRecord } from "../../kernel/control-store.ts";

const evidence = [
  "agent",
  "tool",
  "arguments",
  "argumentsDigest",
  "run",
  "confidence",
  "rationale",
  "decision",
  "facts",
  "computed",
  "lineage",
  "provenance",
  "onBehalfOf",
  "data",
  "leftOut",
  "amount",
  "entity",
  "touches",
  "entities",
] as const satisfies (keyof ActionRecord)[];
const outcome = ["status", "error", "result"] as const satisfies (keyof ActionRecord)[];

export function tellByLedger(account: Pick<ActionAccount, "action" | "told" | "unsound">): {
  readonly action: ActionRecord;
  readonly remarks: readonly string[];
} {
  const { action, told, unsound } = account;
  const spoken = [...evidence, ...(isGoingOn(action, told) ? [] : outcome)].filter((field) => field in told);
  const differing = spoken.filter((field) => !isDeepStrictEqual(action[field], told[field]));
  const remarks = [
    ...unsound.map(
      ({ chain, seq, field }) =>
        `Entry ${seq} of ${chain} in the ledger was changed after it was written (${field}); what it held is told by the working row.`,
    ),
    ...(differing.length > 0
      ? [`The working row differs from the ledger in ${listOf(differing)}; the ledger is shown.`]
      : []),
    ...(isUntold(action, told) ? ["The ledger does not tell how it ended; the working row is shown."] : []),
  ];
  // What the ledger says is not there is left out, as in any record.
  const shown = { ...action, ...Object.fromEntries(differing.map((field) => [field, told[field]])) };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same fields, each from a record
  return { action: JSON.parse(JSON.stringify(shown)) as ActionRecord, remarks };
}

/** A walk under way has not written its end yet: only the row knows of it. */
function isGoingOn(action: ActionRecord, { status }: ToldRecord): boolean {
  return action.status === "running" && (status === "waiting" || status === "running");
}

/** Every status that a row rests in was written together with its entry. */
function isUntold({ status }: ActionRecord, told: ToldRecord): boolean {
  return told.status === undefined && status !== "running" && status !== "queued";
}

function listOf(fields: readonly string[]): string {
  const names = fields.map((field) => (field === "argumentsDigest" ? "the arguments' digest" : field));
  return [names.slice(0, -1).join(", "), names.at(-1)].filter((part) => part !== "").join(" and ");
}
