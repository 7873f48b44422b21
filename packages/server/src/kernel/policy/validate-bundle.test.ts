/** Checking a candidate bundle in its disposable thread: bombs and deadlines. */
import { describe, expect, it } from "vitest";

import type { CheckedBundle } from "./check-bundle.ts";
import { fixtureTools } from "./policy-fixtures.ts";
import { textLimits } from "./policy-text.ts";
import { validateBundle } from "./validate-bundle.ts";

const check = (text: string): Promise<CheckedBundle> =>
  validateBundle({ policies: [{ path: "rules.cedar", text }], tools: fixtureTools });
const ruleFor = (action: string, condition = "true") =>
  `@id("one")\npermit (principal, ${action}, resource)\nwhen { ${condition} };`;

describe("validateBundle", () => {
  it("hands back the policies of a good bundle, and every finding of another", async () => {
    const good = await check(ruleFor("action"));
    expect(good.findings).toEqual([]);
    expect(good.policies).toMatchObject([{ id: "one", file: "rules.cedar", line: 1 }]);
    const { findings } = await check(`${ruleFor('action == Airworthy::Action::"x"')} permit (`);
    expect(findings.map(({ code }) => code)).toEqual(["unknown_tool", "policy_syntax"]);
  });

  it("reports a text that kills the engine, and lives", async () => {
    const bomb = ruleFor("action", `${"(".repeat(400)}true${")".repeat(400)}`);
    expect((await check(bomb)).findings).toMatchObject([{ code: "policy_too_complex", line: 3 }]);
    const limits = { ...textLimits, nesting: 10_000 };
    const killed = await validateBundle(
      { policies: [{ path: "rules.cedar", text: bomb }], tools: fixtureTools },
      { limits },
    );
    expect(killed.findings).toMatchObject([{ code: "policy_check_died", file: "rules.cedar", line: 1 }]);
    expect((await check(ruleFor("action"))).findings).toEqual([]);
  });

  it("gives up at its deadline", async () => {
    const { policies, findings } = await validateBundle(
      { policies: [{ path: "a.cedar", text: ruleFor("action") }], tools: [] },
      { deadlineMs: 1 },
    );
    expect(policies).toEqual([]);
    expect(findings).toMatchObject([
      { code: "policy_check_died", message: "the policies could not be checked: checking took longer than 1 ms" },
    ]);
  });
});
