/** Every way in which bare Cedar fails open or breaks, each beside what the wrapper answers. */
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

import { isAuthorized } from "@cedar-policy/cedar-wasm/nodejs";
import type { AuthorizationCall, CedarValueJson, Context, EntityJson } from "@cedar-policy/cedar-wasm/nodejs";
import { describe, expect, it } from "vitest";

import { untouched } from "../entities/summarise.ts";
import { untraced } from "../provenance/summarise.ts";
import { authorizeStrictly } from "./cedar-authorize.ts";
import { preparsePolicySet, preparseSchema } from "./cedar.ts";
import { readPolicies, refundTool } from "./policy-fixtures.ts";
import { buildToolSchema } from "./tool-schema.ts";

const principal = { type: "Airworthy::Agent", id: "a" };
const resource = { type: "Airworthy::Tool", id: "payments.refund" };
const system = { type: "Airworthy::System", id: "payments" };
const action = { type: "Airworthy::Action", id: "payments.refund" };
const agentEntity = { uid: principal, attrs: { autonomy: 2, stage: "s", level: "l" }, parents: [] };
const toolEntity = { uid: resource, attrs: { effect: "write", reversibility: "r" }, parents: [system] };
const entities = [agentEntity, toolEntity, { uid: system, attrs: {}, parents: [] }];
const plain: CedarValueJson = JSON.parse(
  JSON.stringify(
    untraced({
      accountId: { path: "$.accountId", type: "string" },
      amount: { path: "$.amount", type: "integer" },
      urgent: { path: "$.urgent", type: "boolean" },
      labels: { path: "$.labels", type: "string[]" },
    }),
  ),
);
const context = {
  input: { accountId: "A", amount: 5, urgent: false, labels: ["x"] },
  env: {
    confidenceBp: 0,
    confidenceStated: false,
    amountMinor: 100,
    currency: "EUR",
    approvals: [],
    repeats: 0,
    reversibility: "r",
    stage: "s",
    hourUtc: 1,
    entityType: "",
    entityId: "",
    provenance: plain,
    classes: { all: [], facets: { accountId: [], amount: [], urgent: [], labels: [] } },
    person: { known: false, id: "", issuer: "", attributes: [] },
    entity: JSON.parse(JSON.stringify(untouched)) as CedarValueJson,
  },
  facts: { "crm.account.status": "open" },
  computed: {},
};
const schema = buildToolSchema([refundTool]);
const base = '@id("base") permit (principal, action, resource);';

/** Cedar as its documentation uses it, and our wrapper, on the same policies and request. */
function compare(text: string, changes: { entities?: typeof entities; context?: Context; bareSchema?: boolean } = {}) {
  const texts = Object.fromEntries(readPolicies(`${base} ${text}`).map((policy) => [policy.id, policy.text]));
  expect(preparseSchema("faults-test", schema).type).toBe("success");
  expect(preparsePolicySet("faults-test", { staticPolicies: texts }).type).toBe("success");
  const { bareSchema, ...given } = changes;
  const request = { principal, action, resource, context, entities, ...given };
  const call: AuthorizationCall = {
    ...request,
    policies: { staticPolicies: texts },
    ...(bareSchema === true ? { schema, validateRequest: true } : {}),
  };
  const bare = isAuthorized(call);
  const ours = authorizeStrictly({
    ...request,
    preparsedSchemaName: "faults-test",
    preparsedPolicySetId: "faults-test",
  });
  return { bare: bare.type === "success" ? bare.response.decision : bare.type, ours };
}

describe("what bare Cedar allows", () => {
  it("a forbid that meets a missing value: the wrapper is at fault, not silent", () => {
    const text =
      '@id("f") forbid (principal, action, resource) when { context.facts["crm.account.status"] == "closed" };';
    const { bare, ours } = compare(text, { context: { ...context, facts: {} } });
    expect(bare).toBe("allow");
    expect(ours).toMatchObject({ kind: "fault", thrown: false });
  });

  it("an overflow inside a forbid, even with the schema", () => {
    const text =
      '@id("f") forbid (principal, action, resource) when { context.env.amountMinor * 9223372036854775807 > 0 };';
    const { bare, ours } = compare(text, { bareSchema: true });
    expect(bare).toBe("allow");
    expect(ours).toMatchObject({ kind: "fault", errored: ["f"] });
    expect(ours.kind === "fault" && ours.detail).toContain("overflow");
  });

  it("a principal that is not among the entities, even with the schema", () => {
    const text = '@id("f") forbid (principal, action, resource) when { principal.autonomy < 3 };';
    const { bare, ours } = compare(text, { entities: entities.slice(1), bareSchema: true });
    expect(bare).toBe("allow");
    expect(ours).toMatchObject({ kind: "fault", detail: "the principal is not among the entities" });
    expect(compare(text, { entities: [agentEntity] }).ours).toMatchObject({
      detail: "the resource is not among the entities",
    });
  });

  it("what a forbid for a whole group of actions forbids, when it has no schema", () => {
    const text = '@id("f") forbid (principal, action in Airworthy::Action::"call_tool", resource);';
    const { bare, ours } = compare(text);
    expect(bare).toBe("allow");
    expect(ours).toEqual({ kind: "answer", decision: "deny", reasons: ["f"] });
    for (const group of ["write", "money"]) {
      expect(compare(text.replace("call_tool", group)).ours).toMatchObject({ decision: "deny" });
    }
    expect(compare(text.replace("call_tool", "read")).ours).toMatchObject({ decision: "allow" });
  });
});

describe("what breaks bare Cedar", () => {
  it("reasons carry @id, which Cedar ignores in a text of many policies", () => {
    const call = { principal, action, resource, context, entities, policies: { staticPolicies: base } };
    expect(isAuthorized(call)).toMatchObject({ response: { diagnostics: { reason: ["policy0"] } } });
    expect(compare("").ours).toMatchObject({ decision: "allow", reasons: ["base"] });
  });

  it("a request of another type than the schema's is a fault", () => {
    const strange: readonly Context[] = [
      { ...context, input: { ...context.input, amount: "5" } },
      { ...context, input: { ...context.input, more: 1 } },
      { ...context, input: { ...context.input, accountId: { __entity: principal } } },
      { ...context, env: { ...context.env, approvals: [1] } },
    ];
    for (const given of strange)
      expect(compare("", { context: given }).ours).toMatchObject({ kind: "fault", thrown: false });
  });

  it("an entity that does not fit the schema is a fault", () => {
    const odd: readonly (EntityJson & typeof agentEntity)[] = [
      { ...agentEntity, attrs: { ...agentEntity.attrs, autonomy: 1.5 } },
    ];
    expect(compare("", { entities: [...odd, toolEntity] }).ours).toMatchObject({ kind: "fault" });
  });

  it("V8 does not abort the process when Cedar's hot functions are deoptimised during a call", async () => {
    const tsx = new URL(
      "./dist/esm/api/index.mjs",
      pathToFileURL(createRequire(import.meta.url).resolve("tsx/package.json")),
    );
    const script = `
      import { setFlagsFromString } from "node:v8";
      import { register } from ${JSON.stringify(tsx.href)};
      setFlagsFromString("--allow-natives-syntax");
      const native = (body) => new Function("f", body);
      register();
      const { policyToJson } = await import(${JSON.stringify(new URL("./cedar.ts", import.meta.url).href)});
      let armed = false;
      const call = () => ({ effect: "permit", get principal() {
        if (armed) { armed = false; native("%DeoptimizeFunction(f)")(policyToJson); console.log("deoptimised"); }
        return { op: "All" };
      }, action: { op: "All" }, resource: { op: "All" }, conditions: [] });
      native("%PrepareFunctionForOptimization(f)")(policyToJson);
      for (let n = 0; n < 50; n += 1) policyToJson(call());
      native("%OptimizeFunctionOnNextCall(f)")(policyToJson);
      policyToJson(call());
      armed = true;
      console.log(policyToJson(call()).type);
    `;
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
    expect((await run).stdout).toBe("deoptimised\nsuccess\n");
  });
});
