/** Slices answer as the whole set does, on policies and requests made at random. */
import { type CedarValueJson, preparsePolicySet, preparseSchema } from "@cedar-policy/cedar-wasm/nodejs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { untouched } from "../entities/summarise.ts";
import { untraced } from "../provenance/summarise.ts";
import { authorizeStrictly } from "./cedar-authorize.ts";
import { readPolicies } from "./policy-fixtures.ts";
import { indexPolicies } from "./slice.ts";
import { buildToolSchema } from "./tool-schema.ts";
import type { PolicyTool } from "./tool-schema.ts";

const tools: readonly PolicyTool[] = [0, 1, 2, 3, 4, 5].map((n) => ({
  name: `sys${n % 2}.tool-${n}`,
  system: `sys${n % 2}`,
  effect: n % 3 === 0 ? "read" : "write",
  money: n > 3,
  reversibility: "reversible",
  facets: { size: "integer" },
  computed: {},
  facts: {},
}));
const names = tools.map((tool) => tool.name);
const actions = [...names, "call_tool", "read", "write", "money"];
const one = (of: readonly string[]) => fc.constantFrom(...of);
const named = (id: string) => `Airworthy::Action::"${id}"`;

const principals = one([
  "principal",
  'principal == Airworthy::Agent::"a1"',
  'principal in Airworthy::Fleet::"f1"',
  "principal is Airworthy::Agent",
]);
const heads = fc.oneof(
  fc.constant("action"),
  one(actions).map((id) => `action == ${named(id)}`),
  one(actions).map((id) => `action in ${named(id)}`),
  fc.array(one(actions), { minLength: 1, maxLength: 3 }).map((ids) => `action in [${ids.map(named).join(", ")}]`),
);
const resources = fc.oneof(
  fc.constant("resource"),
  one(names).map((id) => `resource == Airworthy::Tool::"${id}"`),
  one(["sys0", "sys1"]).map((id) => `resource in Airworthy::System::"${id}"`),
  one(["sys0", "sys1"]).map((id) => `resource is Airworthy::Tool in Airworthy::System::"${id}"`),
);
const conditions = fc.oneof(
  fc.constant(""),
  fc.integer({ min: 0, max: 9 }).map((n) => `when { context.input.size > ${n} }`),
  fc.integer({ min: 0, max: 3 }).map((n) => `unless { principal.autonomy >= ${n} }`),
  fc.constant("when { context.input.size * 4611686018427387904 > 0 }"),
);
const policy = fc.tuple(one(["permit", "forbid"]), principals, heads, resources, conditions);
const request = fc.record({
  tool: fc.constantFrom(...tools),
  size: fc.integer({ min: 0, max: 10 }),
  autonomy: fc.integer({ min: 0, max: 3 }),
  agent: one(["a1", "a2"]),
  fleet: one(["f1", "f2"]),
});
const bundle = fc.array(policy, { minLength: 1, maxLength: 40 });

const provenance: CedarValueJson = JSON.parse(JSON.stringify(untraced({ size: { path: "$.size", type: "integer" } })));
const entity: CedarValueJson = JSON.parse(JSON.stringify(untouched));
const env = {
  confidenceBp: 0,
  confidenceStated: false,
  amountMinor: 0,
  currency: "",
  approvals: [],
  repeats: 0,
  reversibility: "",
  stage: "",
  hourUtc: 0,
  entityType: "",
  entityId: "",
  provenance,
  classes: { all: [], facets: { size: [] } },
  person: { known: false, id: "", issuer: "", attributes: [] },
  entity,
};

function authorize(
  set: string,
  {
    tool,
    size,
    autonomy,
    agent,
    fleet,
  }: { tool: PolicyTool; size: number; autonomy: number; agent: string; fleet: string },
) {
  const principal = { type: "Airworthy::Agent", id: agent };
  const resource = { type: "Airworthy::Tool", id: tool.name };
  const [inFleet, inSystem] = [
    { type: "Airworthy::Fleet", id: fleet },
    { type: "Airworthy::System", id: tool.system },
  ];
  const answer = authorizeStrictly({
    principal,
    resource,
    action: { type: "Airworthy::Action", id: tool.name },
    context: { input: { size }, env, computed: {}, facts: {} },
    preparsedSchemaName: "slice-test",
    preparsedPolicySetId: set,
    entities: [
      { uid: principal, attrs: { autonomy, stage: "", level: "" }, parents: [inFleet] },
      { uid: resource, attrs: { effect: "", reversibility: "" }, parents: [inSystem] },
      { uid: inFleet, attrs: {}, parents: [] },
      { uid: inSystem, attrs: {}, parents: [] },
    ],
  });
  return answer.kind === "answer"
    ? { ...answer, reasons: answer.reasons.toSorted() }
    : { ...answer, errored: answer.errored.toSorted(), detail: "" };
}

describe("slices", () => {
  it("give the whole set's decision and reasons", () => {
    expect(preparseSchema("slice-test", buildToolSchema(tools)).type).toBe("success");
    const seen = { smaller: 0, allow: 0, deny: 0, fault: 0 };
    fc.assert(
      fc.property(bundle, fc.array(request, { minLength: 8, maxLength: 8 }), (rules, requests) => {
        const policies = readPolicies(
          rules.map((parts, n) => `@id("p${n}") ${parts[0]} (${parts.slice(1, 4).join(", ")}) ${parts[4]};`).join("\n"),
        );
        const prepare = (name: string, part: typeof policies) =>
          preparsePolicySet(name, { staticPolicies: Object.fromEntries(part.map(({ id, text }) => [id, text])) });
        expect(prepare("slice-test-whole", policies).type).toBe("success");
        const sliceOf = indexPolicies(policies);
        for (const made of requests) {
          const { enforce } = sliceOf(made.tool);
          expect(prepare("slice-test-part", enforce).type).toBe("success");
          const whole = authorize("slice-test-whole", made);
          expect(authorize("slice-test-part", made)).toEqual(whole);
          seen[whole.kind === "fault" ? "fault" : whole.decision] += 1;
          if (enforce.length < policies.length) seen.smaller += 1;
        }
      }),
      { numRuns: 60 },
    );
    // The property would hold of anything if no slice were smaller or no request got past the default.
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(10);
  });

  it("keep shadow policies apart", () => {
    const policies = readPolicies(
      '@id("a") permit (principal, action, resource); @id("b") @mode("shadow") forbid (principal, action, resource);',
    );
    const tool = tools[0];
    if (tool === undefined) throw new Error("no tool");
    const { enforce, shadow } = indexPolicies(policies)(tool);
    expect([enforce, shadow].map((part) => part.map(({ id }) => id))).toEqual([["a"], ["b"]]);
  });
});
