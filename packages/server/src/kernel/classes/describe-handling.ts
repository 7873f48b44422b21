/** What was done with the data of an action, as its record and its answer tell it. */
import type { ActionRecord, DataUse } from "@airworthy/contract";

type Handling = Pick<ActionRecord, "data" | "leftOut">;

/** Of the arguments and of the answer; nothing where there was nothing. */
export function describeHandling(
  context: { readonly data: readonly DataUse[] },
  outcome: { readonly data?: readonly DataUse[]; readonly leftOut?: number } | object,
): Handling {
  const data = [...context.data, ...("data" in outcome ? (outcome.data ?? []) : [])];
  return {
    ...(data.length > 0 ? { data } : {}),
    ...("leftOut" in outcome && outcome.leftOut !== undefined ? { leftOut: outcome.leftOut } : {}),
  };
}
