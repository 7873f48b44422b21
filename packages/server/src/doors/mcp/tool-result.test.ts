/** What a model reads when an action is done, held, refused, failed or unknown. */
import type { ActionAnswer, Reason } from "@airworthy/contract";
import { expect, test } from "vitest";

import { doneResult, toolResultOf } from "./tool-result.ts";

const id = `act_${"0".repeat(32)}` as const;
const snapshot = { version: 1, digest: "d" };
const stale: Reason = {
  code: "fact_changed",
  effect: "deny",
  detail: "A fact changed.",
  fact: { name: "crm.account.status", key: "acc-17", was: "active", now: "disputed", ageMs: 84_000, maxAgeMs: 30_000 },
};
const textOf = (answer: ActionAnswer): string => {
  const { content } = toolResultOf(answer, false) as unknown as { content: [{ text: string }] };
  return content[0].text;
};

test("a changed fact is told with both values and both ages, and what to do", () => {
  const answer: ActionAnswer = {
    id,
    status: "refused",
    decision: { effect: "deny", reasons: [stale], approvers: [], snapshot },
  };
  expect(textOf(answer)).toContain(
    "The value of crm.account.status for acc-17 changed from active to disputed since you read it (your value was 84 s old, limit 30 s).\nRead it again and decide again.",
  );
  expect(toolResultOf(answer, false)["isError"]).toBe(true);
});

test("only the reasons for the effect are told", () => {
  const reasons: Reason[] = [
    { code: "permit", effect: "allow", detail: "Refunds are allowed." },
    { code: "forbid", effect: "deny", detail: "Disputed accounts get no refund." },
  ];
  const words = textOf({ id, status: "refused", decision: { effect: "deny", reasons, approvers: [], snapshot } });
  expect(words).toContain("Disputed accounts get no refund.");
  expect(words).not.toContain("Refunds are allowed.");
});

test.each<[readonly string[], string]>([
  [["tool_unavailable"], "The same call may be allowed later."],
  [["stopped", "budget_exceeded"], "The same call may be allowed later."],
  [["stopped", "policy"], "Repeating this call will not help"],
  [["invalid_arguments"], "Repeating this call will not help"],
  [["stopped", "fact_changed"], "Read it again and decide again."],
  [[], "Repeating this call will not help"],
])("what to do after %j", (codes, advice) => {
  const reasons = codes.map((code): Reason => ({ code, effect: "deny", detail: `It is ${code}; try again later.` }));
  const words = textOf({ id, status: "refused", decision: { effect: "deny", reasons, approvers: [], snapshot } });
  const given = ["may be allowed later", "will not help", "decide again"].filter((part) => words.includes(part));
  expect(given).toHaveLength(1);
  expect(words).toContain(advice);
});

test("a held call names whom it waits for and says to repeat it; machines find the same in _meta", () => {
  const approval = `apr_${"1".repeat(32)}` as const;
  const decision = { effect: "escalate" as const, reasons: [], approvers: ["finance-ops", "legal"], snapshot };
  const answer: ActionAnswer = { id, status: "waiting", decision, approval };
  expect(textOf(answer)).toContain(
    "Waiting for finance-ops and legal. Repeat the identical call later; it will run once.",
  );
  expect(toolResultOf(answer, true)["_meta"]).toEqual({
    "airworthy/action": { id, status: "waiting", decision, approval },
  });
});

test("no status but done passes as success, and none carries structured content", () => {
  for (const status of ["running", "waiting", "queued", "refused", "failed", "shadowed", "unknown"] as const) {
    const result = toolResultOf({ id, status, result: { a: 1 } }, true);
    expect([status, result["isError"], result["structuredContent"]]).toEqual([status, true, undefined]);
  }
});

test("a failed upstream tool's own words are passed on", () => {
  const result = { isError: true, content: [{ type: "text", text: "card declined" }] };
  expect(toolResultOf({ id, status: "failed", result }, true)).toMatchObject(result);
});

test("done: an MCP result is passed on whole, another system's is shown twice", () => {
  const upstream = { content: [{ type: "text", text: "ok" }], structuredContent: { n: 1 }, _meta: { theirs: 1 } };
  expect(doneResult({ id, status: "done", result: upstream }, true)).toEqual({
    ...upstream,
    _meta: { theirs: 1, "airworthy/action": { id, status: "done" } },
  });
  const own = doneResult({ id, status: "done", result: { n: 1 } }, false);
  expect(own).toMatchObject({ content: [{ type: "text", text: '{"n":1}' }], structuredContent: { n: 1 } });
  expect(own["isError"]).toBeUndefined();
});
