/** Tests of the warning that a stop may hold nothing. */
import type { Snapshot, StopScope } from "@airworthy/contract";
import { expect, it } from "vitest";

import { warnOfStop } from "./stop-warning.ts";

const snapshot = {
  agents: { "refund-agent": {} },
  tools: { "payments.refund": { definition: { entity: { type: "invoice", id: "$.id" } } } },
} as unknown as Snapshot;

it.each<StopScope>([
  { kind: "all" },
  { kind: "agent", agent: "refund-agent" },
  { kind: "tool", tool: "payments.refund" },
  { kind: "entity", entity: "invoice:4711:1" },
])("a stop of what there is warns of nothing: %j", (scope) => {
  expect(warnOfStop(scope, snapshot)).toBeUndefined();
});

it.each<[StopScope, string]>([
  [{ kind: "agent", agent: "refund-agnet" }, 'no agent "refund-agnet" (did you mean "refund-agent"?)'],
  [{ kind: "tool", tool: "payment.refund" }, 'no tool "payment.refund" (did you mean "payments.refund"?)'],
  [{ kind: "entity", entity: "invoce:4711" }, 'no type of business object "invoce" (did you mean "invoice"?)'],
])("a stop of what there is not says so: %j", (scope, words) => {
  expect(warnOfStop(scope, snapshot)).toContain(words);
});
