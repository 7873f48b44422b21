/** The cases that authors write: which hold, which do not, and how the difference is told. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createPolicyEngine } from "./engine.ts";
import type { PolicyEngine } from "./engine.ts";
import { fixtureTools, readPolicies } from "./policy-fixtures.ts";
import { runPolicyTests } from "./policy-tests.ts";

let engine: PolicyEngine;
beforeAll(async () => {
  engine = createPolicyEngine();
  const policies = readPolicies(`
    @id("base") permit (principal, action in Airworthy::Action::"call_tool", resource);
    @id("big") @approver("finance") forbid (principal, action in Airworthy::Action::"money", resource)
      when { context.env.amountMinor > 100 } unless { context.env.approvals.contains("finance") };
    @id("closed") forbid (principal, action == Airworthy::Action::"payments.refund", resource) when { context.facts["crm.account.status"] == "closed" };`);
  await engine.load({ tenant: "acme", version: 7, digest: "d", policies, tools: fixtureTools });
});
afterAll(() => engine.close());

const input = { accountId: "A", amount: 1, urgent: false, labels: [] };
const refund = { name: "a refund", tool: "payments.refund", input, facts: { "crm.account.status": "open" } };

async function run(...values: readonly unknown[]) {
  const cases = values.map((value, n) => ({ file: "refunds.test.yaml", line: n + 1, column: 3, value }));
  return runPolicyTests({ engine, tenant: "acme", version: 7, tools: fixtureTools }, cases);
}

describe("runPolicyTests", () => {
  it("finds nothing when all cases hold", async () => {
    const found = await run(
      { ...refund, expect: "allow" },
      { ...refund, env: { amountMinor: 101 }, expect: "escalate", approvers: ["finance"] },
      { ...refund, env: { amountMinor: 101, approvals: ["finance"] }, expect: "allow" },
      { ...refund, facts: { "crm.account.status": "closed" }, expect: "deny" },
      { name: "look up", tool: "crm.find-account", agent: { level: "intern" }, input: { query: "x" }, expect: "allow" },
    );
    expect(found).toEqual([]);
  });

  it("tells what was expected, what came and why, at the place of the case", async () => {
    const found = await run(
      { ...refund, expect: "allow" },
      { ...refund, env: { amountMinor: 101 }, expect: "allow" },
      { ...refund, facts: {}, expect: "allow" },
    );
    expect(found).toMatchObject([
      {
        code: "policy_test_failed",
        file: "refunds.test.yaml",
        line: 2,
        column: 3,
        message: 'case "a refund" expects allow and got escalate',
        hint: expect.stringContaining("needs the approval of finance") as string,
      },
      {
        line: 3,
        message: 'case "a refund" expects allow and got deny',
        hint: "the reasons given: facts.crm.account.status is missing",
      },
    ]);
    const teams = await run({
      ...refund,
      env: { amountMinor: 101 },
      expect: "escalate",
      approvers: ["legal", "finance"],
    });
    expect(teams[0]?.message).toBe('case "a refund" expects approvers finance, legal and got finance');
  });

  it("reports cases that say nothing it knows", async () => {
    const found = await run(
      { ...refund, expects: "allow" },
      "nonsense",
      { ...refund, tool: "payments.refnd", expect: "deny" },
      { ...refund, env: { amount: 1 }, expect: "deny" },
    );
    expect(found.map(({ code, line }) => [code, line])).toEqual([
      ["policy_test_malformed", 1],
      ["policy_test_malformed", 1],
      ["policy_test_malformed", 2],
      ["unknown_tool", 3],
      ["policy_test_malformed", 4],
    ]);
    expect(found.find(({ code }) => code === "unknown_tool")?.hint).toBe('did you mean "payments.refund"?');
  });
});
