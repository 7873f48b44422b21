/** Checking a candidate bundle: places, help, lints and the validator's warnings. */
import { describe, expect, it } from "vitest";

import { checkBundle } from "./check-bundle.ts";
import type { CheckedBundle } from "./check-bundle.ts";
import { fixtureTools } from "./policy-fixtures.ts";
import { textLimits } from "./policy-text.ts";
import type { PolicyTool } from "./tool-schema.ts";

const check = (text: string, tools: readonly PolicyTool[] = fixtureTools): CheckedBundle =>
  checkBundle({ policies: [{ path: "rules.cedar", text }], tools }, textLimits);
const ruleFor = (action: string, condition = "true") =>
  `@id("one")\npermit (principal, ${action}, resource)\nwhen { ${condition} };`;

describe("checkBundle", () => {
  it("has nothing to say of a good bundle, and hands back its policies", () => {
    const { policies, findings } = check(`
      @id("base") permit (principal in Airworthy::Fleet::"finance", action in [Airworthy::Action::"read", Airworthy::Action::"write"], resource in Airworthy::System::"payments");
      @id("closed") forbid (principal, action == Airworthy::Action::"payments.refund", resource == Airworthy::Tool::"payments.refund")
        when { context.facts["crm.account.status"] == "closed" && context.input.labels.contains("x") && context.input.amount > 3 && !context.input.urgent };
      @id("name") permit (principal, action == Airworthy::Action::"crm.find-account", resource) when { context.input.query like "A-*" };`);
    expect(findings).toEqual([]);
    expect(policies.map(({ id, line }) => [id, line])).toEqual([
      ["base", 2],
      ["closed", 3],
      ["name", 5],
    ]);
  });

  it("finds what does not exist, at its place, with what was probably meant", () => {
    const found = (text: string) =>
      check(text).findings.map(({ code, line, column, hint }) => ({ code, line, column, hint }));
    expect(found(ruleFor('action == Airworthy::Action::"payments.refnd"'))).toEqual([
      { code: "unknown_tool", line: 2, column: 30, hint: 'did you mean "payments.refund"?' },
    ]);
    expect(found(ruleFor("action", "context.env.amountMinr > 5"))).toEqual([
      { code: "policy_invalid", line: 3, column: 8, hint: "did you mean `amountMinor`?" },
    ]);
    expect(found('@id("a") permit (principal, action, resource == Airworthy::Tool::"payments.refnd");')).toEqual([
      { code: "unknown_tool", line: 1, column: 66, hint: 'did you mean "payments.refund"?' },
    ]);
    expect(found('@id("a") permit (principal, action, resource in Airworthy::System::"payment");')).toMatchObject([
      { code: "unknown_system" },
    ]);
  });

  it("takes the validator's warnings for findings: what can never hold, and look-alike letters", () => {
    expect(check(ruleFor("action", "false")).findings).toMatchObject([{ code: "policy_invalid", severity: "error" }]);
    const letters = ruleFor(
      'action == Airworthy::Action::"payments.refund"',
      'context.input.accountId == "p\u0430ypal"',
    );
    expect(check(letters).findings[0]?.message).toContain("mixed scripts");
  });

  it("finds unknown attributes of single tools, wrong types and guards, and the lints beside them", () => {
    const { findings } = check(`@id("a") forbid (principal, action == Airworthy::Action::"payments.refund", resource)
      when { context.input has amount && context.input.amount == "5" };
      @id("b") forbid (principal, action, resource) unless { context.env.approvals.contains("ops") };
      @id("c") permit (principal, action, resource) when { context.input.accountId == "x" };`);
    expect(findings.map(({ code, line }) => [code, line])).toEqual([
      ["has_in_forbid", 2],
      ["policy_invalid", 2],
      ["approver_missing", 3],
      ["policy_invalid", 4],
    ]);
  });

  it("knows which teams there are, when it is told", () => {
    const text =
      '@id("a") @approver("finnance") forbid (principal, action, resource) unless { context.env.approvals.contains("finnance") };';
    const policies = [{ path: "rules.cedar", text }];
    const { findings } = checkBundle({ policies, tools: fixtureTools, teams: ["finance", "legal"] }, textLimits);
    expect(findings).toMatchObject([{ code: "unknown_team", line: 1, column: 20, hint: 'did you mean "finance"?' }]);
  });

  it("lets a policy wait for the first tool of its group, and judges it then", () => {
    const money =
      '@id("a") forbid (principal, action in Airworthy::Action::"money", resource) when { context.env.amountMinr > 1 };';
    const withoutMoney = fixtureTools.filter((tool) => !tool.money);
    expect(check(money, withoutMoney).findings).toEqual([]);
    expect(check('@id("a") permit (principal, action, resource);', []).findings).toEqual([]);
    expect(check(money).findings).toMatchObject([{ code: "policy_invalid" }]);
  });

  it("refuses tools that cannot be named to Cedar", () => {
    const [refund] = fixtureTools;
    const tools = [
      { ...refund, name: "money" },
      { ...refund, facets: { __extn: "string" as const } },
    ];
    expect(check("", tools).findings.map(({ code }) => code)).toEqual(["tool_name", "tool_name"]);
  });
});
