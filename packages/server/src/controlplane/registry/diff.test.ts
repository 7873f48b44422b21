/** Tests the sentences of a comparison, and that loss of control comes first. */
import type { Snapshot } from "@airworthy/contract";
import { describe, expect, test } from "vitest";

import { compileBundle } from "./compile.ts";
import { showMoney } from "./diff-entries.ts";
import { diffSnapshots } from "./diff.ts";

type Content = Omit<Snapshot, "version">;

const documents = {
  people: `
apiVersion: airworthy/v1
kind: Person
name: maria
roles: [approver]
---
apiVersion: airworthy/v1
kind: Person
name: jonas
roles: [viewer]
---
apiVersion: airworthy/v1
kind: Team
name: finance-ops
members: [maria]
`,
  agent: `
apiVersion: airworthy/v1
kind: Agent
name: billing-corrections
purpose: p
owner: maria
stage: shadow
level: junior
tools: [payments.refund]
`,
  budget: `
apiVersion: airworthy/v1
kind: Budget
name: refunds-daily
tools: [payments.refund]
limit: { minor: 500000, currency: EUR }
per: day
`,
  connector: `
apiVersion: airworthy/v1
kind: Connector
name: payments
type: http
baseUrl: \${PAYMENTS_URL}
tools:
  - name: payments.find
    effect: read
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    request: { method: GET, path: "/{id}" }
    yields: [{ fact: payments.open, key: $.id, value: $.open, type: boolean, authoritative: true }]
  - name: payments.refund
    effect: write
    reversibility: reversible
    input: { type: object, properties: { id: { type: string }, minor: { type: integer } }, required: [id, minor] }
    request: { method: POST, path: /refunds, body: [id, minor] }
    amount: { minor: $.minor, currency: EUR }
    rests_on: [{ fact: payments.open, key: $.id, maxAge: 30s, lookup: { tool: payments.find, with: { id: $.id } } }]
    idempotency: { header: Idempotency-Key, retention: 1d }
`,
  policy: `
@id("refund-over-500") @approver("finance-ops")
forbid (principal, action == Airworthy::Action::"payments.refund", resource)
when { context.env.amountMinor > 50000 }
unless { context.env.approvals.contains("finance-ops") };
`,
};
type Part = keyof typeof documents;

async function compile(
  change: (part: Part, text: string) => string = (_, text) => text,
  parts: readonly string[] = Object.keys(documents),
): Promise<Content> {
  const files = Object.entries(documents)
    .filter(([part]) => parts.includes(part))
    .map(([part, text]) => ({
      path: part === "policy" ? "rules/refunds.cedar" : `${part}.yaml`,
      // The keys of an object literal are the names of its parts.
      text: change(part as Part, text),
    }));
  const { snapshot, findings } = await compileBundle("t", files);
  if (snapshot === undefined) throw new Error(JSON.stringify(findings));
  return snapshot;
}

const replaceIn =
  (part: Part, from: string, to: string) =>
  (name: Part, text: string): string =>
    name === part ? text.replace(from, to) : text;

describe("diffSnapshots", () => {
  test.each([
    ["agent", "tools: [payments.refund]", "tools: []", "agent billing-corrections may no longer use payments.refund"],
    [
      "agent",
      "tools: [payments.refund]",
      "tools: [payments.refund, payments.find]",
      "agent billing-corrections may now use payments.find",
    ],
    ["agent", "junior", "senior", "agent billing-corrections is promoted from junior to senior"],
    ["agent", "shadow", "production", "agent billing-corrections moves from shadow to production"],
    ["agent", "owner: maria", "owner: jonas", "agent billing-corrections is now owned by jonas (was maria)"],
    [
      "agent",
      "tools:",
      "model: { provider: openai, name: gpt-4o-2024-08-06 }\ntools:",
      "agent billing-corrections changes its model from none to openai/gpt-4o-2024-08-06",
    ],
    ["budget", "500000", "800000", "budget refunds-daily raised from 5,000.00 EUR to 8,000.00 EUR"],
    ["budget", "500000", "5", "budget refunds-daily lowered from 5,000.00 EUR to 0.05 EUR"],
    [
      "budget",
      "per: day",
      "per: hour",
      "budget refunds-daily changed from 5,000.00 EUR per day to 5,000.00 EUR per hour",
    ],
    [
      "budget",
      "tools:",
      "agents: [billing-corrections]\ntools:",
      "budget refunds-daily now holds for billing-corrections (was all agents)",
    ],
    ["policy", "50000", "80000", "policy refund-over-500 changed (rules/refunds.cedar:2)"],
    [
      "policy",
      '@id("refund-over-500")',
      '@id("refund-over-500") @mode("shadow")',
      "policy refund-over-500 is no longer enforced, only logged (forbid, rules/refunds.cedar:2)",
    ],
    ["connector", "maxAge: 30s", "maxAge: 5m", "payments.refund accepts payments.open up to 5m old (was 30s)"],
    [
      "connector",
      "reversibility: reversible",
      "reversibility: irreversible",
      "tool payments.refund is now write, irreversible (was write, reversible)",
    ],
    ["connector", "PAYMENTS_URL", "OTHER_URL", "connector payments changed its baseUrl"],
    ["connector", "path: /refunds", "path: /refund", "tool payments.refund changed (request)"],
    ["people", "roles: [viewer]", "roles: [viewer, admin]", "jonas is now admin"],
    ["people", "members: [maria]", "members: [maria, jonas]", "jonas may now approve for finance-ops"],
  ] as const)("%s: %s to %s", async (part, from, to, sentence) => {
    const parts = part === "policy" ? undefined : ["people", "agent", "budget", "connector"];
    const changes = diffSnapshots(await compile(undefined, parts), await compile(replaceIn(part, from, to), parts));
    expect(changes.map(({ detail }) => detail)).toEqual([sentence]);
    expect(changes[0]?.kind).toBe("changed");
  });

  test("layout and comments are no change", async () => {
    const relaid = await compile((part, text) =>
      part === "policy" ? `// why\n${text.replaceAll(" ", "  ")}` : `# why\n${text}`,
    );
    expect(diffSnapshots(await compile(), relaid)).toEqual([]);
  });

  test("from nothing and to nothing, everything is named", async () => {
    const [empty, full] = [(await compileBundle("t", [])).snapshot, await compile()];
    if (empty === undefined) throw new Error("an empty folder must compile");
    const added = diffSnapshots(empty, full);
    expect(new Set(added.map(({ kind }) => kind))).toEqual(new Set(["added"]));
    expect(added.map(({ name }) => name)).toEqual([
      "billing-corrections",
      "payments.find",
      "payments.refund",
      "finance-ops",
      "jonas",
      "maria",
      "payments",
      "refund-over-500",
      "refunds-daily",
    ]);
    const removed = diffSnapshots(full, empty);
    expect(new Set(removed.map(({ kind }) => kind))).toEqual(new Set(["removed"]));
    expect(removed.length).toBe(added.length);
  });

  test("loss of control comes first", async () => {
    const after = await compile((part, text) => {
      if (part === "policy") return "";
      if (part === "agent")
        return text.replace("owner: maria", "owner: jonas").replace("tools: [payments.refund]", "tools: []");
      return text;
    });
    expect(diffSnapshots(await compile(), after).map(({ detail }) => detail)).toEqual([
      "policy refund-over-500 is removed (forbid, rules/refunds.cedar:2)",
      "agent billing-corrections is now owned by jonas (was maria)",
      "agent billing-corrections may no longer use payments.refund",
    ]);
  });
});

test.each([
  [0, "EUR", "0.00 EUR"],
  [5, "EUR", "0.05 EUR"],
  [123_456_789, "USD", "1,234,567.89 USD"],
  [5_000, "JPY", "5,000 JPY"],
  [1_234_567, "KWD", "1,234.567 KWD"],
])("showMoney(%d, %s) is %s", (minor, currency, text) => {
  expect(showMoney(minor, currency)).toBe(text);
});
