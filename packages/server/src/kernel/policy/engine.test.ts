/** The engine through its thread: outcomes, hostile requests, versions, reloads and faults. */
import { untouched } from "../entities/summarise.ts";
import { afterEach, describe, expect, it } from "vitest";

import { createPolicyEngine } from "./engine.ts";
import type { PolicyBundle, PolicyEngine, PolicyEngineOptions, PolicyRequest } from "./engine.ts";
import { fixtureTools, makeRequest, readPolicies, refundTool } from "./policy-fixtures.ts";

const open: PolicyEngine[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()));
});

async function start(text: string, options: PolicyEngineOptions = {}): Promise<PolicyEngine> {
  const engine = createPolicyEngine(options);
  open.push(engine);
  await engine.load(bundle(text));
  return engine;
}

function bundle(text: string, changes: Partial<PolicyBundle> = {}): PolicyBundle {
  return { tenant: "acme", version: 1, digest: "d1", policies: readPolicies(text), tools: fixtureTools, ...changes };
}

const base =
  '@id("base") @title("Agents of rank") permit (principal, action in Airworthy::Action::"call_tool", resource) when { principal.autonomy > 0 };';
const over = (id: string, amount: number, team: string, more = "") =>
  `@id("${id}") @approver("${team}") ${more} forbid (principal, action == Airworthy::Action::"payments.refund", resource)
   when { context.env.amountMinor > ${amount} } unless { context.env.approvals.contains("${team}") };`;
const withAmount = (amountMinor: number, ...approvals: string[]) => makeRequest({ env: { amountMinor, approvals } });

describe("outcomes", () => {
  const text = `${base}
    ${over("over-500", 50_000, "finance-ops", '@title("Over 500") @ttl("PT30M") @oversight("in-the-loop")')}
    ${over("over-5000", 500_000, "cfo", '@ttl("PT2H")')}
    @id("closed") forbid (principal, action, resource is Airworthy::Tool in Airworthy::System::"payments") when { principal.stage == "rehearsal" };`;

  it("allows, and says by which policy, where it stands and what it asks", async () => {
    const engine = await start(
      `${text} @id("why") @rationale("required") @mask("$.iban, $.name") permit (principal, action in Airworthy::Action::"money", resource);`,
    );
    const answer = await engine.evaluate(makeRequest());
    expect(answer).toMatchObject({
      effect: "allow",
      approvers: [],
      obligations: { rationale: "required", mask: ["$.iban", "$.name"] },
      shadow: [],
    });
    expect(answer).not.toHaveProperty("ttlMs");
    expect(answer.reasons[0]).toEqual({
      code: "policy",
      policyId: "base",
      title: "Agents of rank",
      file: "rules.cedar",
      line: 1,
      effect: "allow",
      detail: "permitted by Agents of rank",
    });
    const lookup = makeRequest({ tool: "crm.find-account", input: { query: "x" }, facts: {} });
    expect(await engine.evaluate(lookup)).toMatchObject({ effect: "allow", obligations: {} });
  });

  it("denies by default and by a forbid nobody can lift, each with its reason", async () => {
    const engine = await start(text);
    const agent = { ...makeRequest().agent, autonomy: 0 };
    expect(await engine.evaluate(makeRequest({ agent }))).toMatchObject({
      effect: "deny",
      determining: [],
      reasons: [{ code: "default_deny" }],
    });
    const rehearsing = makeRequest({
      agent: { ...makeRequest().agent, stage: "rehearsal" },
      env: { amountMinor: 60_000 },
    });
    expect(await engine.evaluate(rehearsing)).toMatchObject({
      effect: "deny",
      approvers: [],
      reasons: [
        { policyId: "closed", effect: "deny" },
        { policyId: "over-500", effect: "deny" },
      ],
    });
  });

  it("escalates to exactly the teams that are needed, with the shortest time to wait", async () => {
    const engine = await start(text);
    expect(await engine.evaluate(withAmount(60_000))).toMatchObject({
      effect: "escalate",
      approvers: ["finance-ops"],
      ttlMs: 1_800_000,
      reasons: [
        {
          code: "policy",
          policyId: "over-500",
          effect: "escalate",
          detail: "Over 500: needs the approval of finance-ops",
        },
        { policyId: "base", effect: "allow" },
      ],
    });
    expect(await engine.evaluate(withAmount(600_000))).toMatchObject({
      effect: "escalate",
      approvers: ["cfo", "finance-ops"],
    });
    expect(await engine.evaluate(withAmount(600_000, "cfo"))).toMatchObject({
      effect: "escalate",
      approvers: ["cfo", "finance-ops"],
    });
  });

  it("runs the same policies after the yes, bound to the same determining policies", async () => {
    const engine = await start(text);
    const [before, after] = await Promise.all([
      engine.evaluate(withAmount(600_000)),
      engine.evaluate(withAmount(600_000, "finance-ops", "cfo")),
    ]);
    expect(after).toMatchObject({ effect: "allow", approvers: ["cfo", "finance-ops"] });
    expect(after.determining).toEqual(before.determining);
    expect(before.determining.map(({ id }) => id)).toEqual(["over-500", "over-5000", "base"]);
    expect(before.determining.every(({ digest }) => /^[0-9a-f]{64}$/.test(digest))).toBe(true);
  });

  it("logs what shadow policies would have said and never enforces them", async () => {
    const engine = await start(`${base}
      @id("s-forbid") @mode("shadow") forbid (principal, action, resource);
      @id("s-ask") @mode("shadow") @approver("ops") forbid (principal, action, resource) unless { context.env.approvals.contains("ops") };
      @id("s-permit") @mode("shadow") permit (principal, action, resource);
      @id("s-quiet") @mode("shadow") forbid (principal, action, resource) when { context.env.repeats > 3 };`);
    const answer = await engine.evaluate(makeRequest());
    expect(answer.effect).toBe("allow");
    expect(answer.shadow.toSorted((a, b) => a.policyId.localeCompare(b.policyId))).toEqual([
      { policyId: "s-ask", effect: "escalate" },
      { policyId: "s-forbid", effect: "deny" },
      { policyId: "s-permit", effect: "allow" },
    ]);
  });

  it("denies when a policy fails, a shadow policy excepted", async () => {
    const failing = "forbid (principal, action, resource) when { context.env.amountMinor * 9223372036854775807 > 0 };";
    const engine = await start(`${base} @id("f") ${failing}`);
    expect(await engine.evaluate(makeRequest())).toMatchObject({
      effect: "deny",
      reasons: [{ code: "engine_fault" }],
      determining: [],
    });
    const shadowed = await start(`${base} @id("f") @mode("shadow") ${failing}`);
    expect(await shadowed.evaluate(makeRequest())).toMatchObject({
      effect: "allow",
      shadow: [{ policyId: "f", effect: "deny" }],
    });
  });
});

describe("what an agent may send", () => {
  const nested = (depth: number): unknown => (depth === 0 ? "x" : { a: nested(depth - 1) });
  // An agent's arguments are typed by nobody before they reach the engine.
  const hostile = (changes: object): PolicyRequest => ({ ...makeRequest(), ...changes });
  const input = (changes: object) => hostile({ input: { ...makeRequest().input, ...changes } });

  it("is copied by declaration: missing, mistyped, unsafe or oversized values are named and denied", async () => {
    const engine = await start(base);
    const faults: readonly (readonly [PolicyRequest, string])[] = [
      [hostile({ input: {} }), "input.accountId is missing"],
      [hostile({ input: null }), "input.accountId is missing"],
      [input({ accountId: { __entity: { type: "Airworthy::Agent", id: "boss" } } }), "input.accountId is not a string"],
      [input({ accountId: { __extn: { fn: "ip", arg: "1.2.3.4" } } }), "input.accountId is not a string"],
      [input({ accountId: "x".repeat(4_097) }), "input.accountId is not a string"],
      [input({ accountId: "\ud800" }), "input.accountId is not a string"],
      [input({ accountId: nested(200) }), "input.accountId is not a string"],
      [input({ amount: 2 ** 53 }), "input.amount is not a whole number"],
      [input({ amount: 1.5 }), "input.amount is not a whole number"],
      [input({ amount: 10n }), "input.amount is not a whole number"],
      [input({ amount: "10" }), "input.amount is not a whole number"],
      [input({ urgent: "true" }), "input.urgent is not true or false"],
      [input({ labels: ["a", 1] }), "input.labels is not a list"],
      [input({ labels: [{ __entity: {} }] }), "input.labels is not a list"],
      [input({ labels: Array.from({ length: 257 }, () => "a") }), "input.labels is not a list"],
      [hostile({ facts: {} }), "facts.crm.account.status is missing"],
      [hostile({ facts: { "crm.account.status": 1 } }), "facts.crm.account.status is not a string"],
      [hostile({ env: {} }), "env.confidenceBp is missing"],
      [makeRequest({ env: { confidenceBp: 10_001 } }), "env.confidenceBp is not between 0 and 10000"],
      [makeRequest({ env: { hourUtc: -1 } }), "env.hourUtc is not between 0 and 23"],
      [hostile({ env: { ...makeRequest().env, entity: undefined } }), "env.entity.complete is missing"],
      [
        hostile({ env: { ...makeRequest().env, entity: { ...untouched, net: {} } } }),
        "env.entity.net.inMinor is missing",
      ],
      [hostile({ agent: { id: "a" } }), "agent.autonomy is missing"],
      [hostile({ input: Object.create({ accountId: "inherited" }) }), "input.accountId is missing"],
    ];
    for (const [request, detail] of faults) {
      const answer = await engine.evaluate(request);
      expect(answer).toMatchObject({ effect: "deny", reasons: [{ code: "missing_input", effect: "deny" }] });
      expect(answer.reasons[0]?.detail).toContain(detail);
    }
  });

  it("reaches policies only where a facet is declared for it", async () => {
    const engine = await start(base);
    const extra = input({
      more: nested(500),
      __entity: { type: "Airworthy::Agent", id: "boss" },
      __extn: { fn: "ip", arg: "x" },
    });
    expect(await engine.evaluate(extra)).toMatchObject({ effect: "allow" });
    const getter = Object.defineProperty({ ...makeRequest().input }, "accountId", {
      get: () => "A-1",
      enumerable: true,
    });
    expect(await engine.evaluate(hostile({ input: getter }))).toMatchObject({ reasons: [{ code: "missing_input" }] });
  });

  it("cannot kill the engine: 2,000 hostile requests, and the next one is answered as ever", async () => {
    const engine = await start(base);
    const shapes = [
      nested(150),
      { __entity: nested(130) },
      { __extn: { fn: "decimal", arg: nested(130) } },
      2 ** 60,
      10n,
      Number.NaN,
      null,
      "\udfff",
    ];
    const requests = Array.from({ length: 2_000 }, (_, n) => {
      const value = shapes[n % shapes.length];
      return n % 2 === 0 ? input({ accountId: value }) : input({ more: value, amount: value });
    });
    const answers = await Promise.all(requests.map((request) => engine.evaluate(request)));
    expect(new Set(answers.map((answer) => answer.effect))).toEqual(new Set(["deny"]));
    expect(await engine.evaluate(makeRequest())).toMatchObject({ effect: "allow" });
  });

  it("names no tool that the bundle does not hold, nor a property of every object", async () => {
    const engine = await start(base);
    for (const tool of ["payments.refnd", "call_tool", "constructor", "__proto__"]) {
      expect(await engine.evaluate(makeRequest({ tool }))).toMatchObject({
        effect: "deny",
        reasons: [{ code: "default_deny" }],
      });
    }
  });
});

describe("bundles", () => {
  const deny = '@id("none") forbid (principal, action, resource);';

  it("answers for the two latest versions, and denies for any other", async () => {
    const engine = await start(base);
    await engine.load(bundle(deny, { version: 2 }));
    expect(await engine.evaluate(makeRequest({ version: 1 }))).toMatchObject({ effect: "allow" });
    expect(await engine.evaluate(makeRequest({ version: 2 }))).toMatchObject({
      effect: "deny",
      reasons: [{ policyId: "none" }],
    });
    await engine.load(bundle(base, { version: 3 }));
    expect(await engine.evaluate(makeRequest({ version: 1 }))).toMatchObject({ reasons: [{ code: "version_gone" }] });
    expect(await engine.evaluate(makeRequest({ version: 3 }))).toMatchObject({ effect: "allow" });
    expect(await engine.evaluate(makeRequest({ tenant: "other" }))).toMatchObject({
      reasons: [{ code: "version_gone" }],
    });
  });

  it("keeps tenants apart", async () => {
    const engine = await start(base);
    await engine.load(bundle(deny, { tenant: "other" }));
    const [ours, theirs] = await Promise.all([
      engine.evaluate(makeRequest()),
      engine.evaluate(makeRequest({ tenant: "other" })),
    ]);
    expect([ours.effect, theirs.effect]).toEqual(["allow", "deny"]);
  });

  it("never answers by the wrong bundle while versions change under load", async () => {
    const engine = await start(base);
    const asked: Promise<void>[] = [];
    const ask = async (about: number): Promise<void> => {
      const [reason] = (await engine.evaluate(makeRequest({ version: about }))).reasons;
      const right = about % 2 === 0 ? "none" : "base";
      expect(reason?.code === "version_gone" ? right : reason?.policyId).toBe(right);
    };
    for (let version = 2; version <= 12; version += 1) {
      const loading = engine.load(bundle(version % 2 === 0 ? deny : base, { version }));
      for (let n = 0; n < 60; n += 1) {
        asked.push(ask(version - (n % 3)));
      }
      await loading;
    }
    await Promise.all(asked);
    expect(await engine.evaluate(makeRequest({ version: 12 }))).toMatchObject({ reasons: [{ policyId: "none" }] });
  });

  it("refuses a bundle that it cannot trust and keeps the current one", async () => {
    const engine = await start(base);
    const [policy] = readPolicies(base);
    if (policy === undefined) throw new Error("no policy");
    const bombs = {
      ...policy,
      text: policy.text.replace("principal.autonomy > 0", `${"(".repeat(300)}true${")".repeat(300)}`),
    };
    const refused: readonly Partial<PolicyBundle>[] = [
      { policies: [bombs] },
      { policies: [policy, policy] },
      { policies: [{ ...policy, text: "permit (" }] },
      { policies: [{ ...policy, annotations: { ...policy.annotations, advice: "x" } }] },
      { tools: [{ ...refundTool, name: "call_tool" }] },
      { tools: [{ ...refundTool, facets: { __entity: "string" } }] },
    ];
    for (const changes of refused) {
      await expect(engine.load(bundle(base, { version: 2, ...changes }))).rejects.toMatchObject({
        name: "AirworthyError",
        retryable: false,
      });
    }
    expect(await engine.evaluate(makeRequest())).toMatchObject({ effect: "allow" });
    await engine.load(bundle(deny, { version: 3 }));
    expect(await engine.evaluate(makeRequest({ version: 3 }))).toMatchObject({ effect: "deny" });
  });

  it("survives policies at the very limits of what is taken", async () => {
    const heavy = [
      `${"context.env.repeats + ".repeat(140)}1 > 0`,
      `${"(".repeat(55)}true${")".repeat(55)}`,
      `${"if context.env.confidenceStated then ".repeat(100)}true${" else false".repeat(100)}`,
      `${"(!!!!".repeat(30)}context.env.confidenceStated${")".repeat(30)}`,
      `${"context.env.confidenceStated && ".repeat(140)}true`,
      `${"{a: if context.env.confidenceStated && ".repeat(24)}true${" then true else false}.a".repeat(24)}`,
    ];
    const engine = await start(
      heavy
        .map((condition, n) => `@id("h${n}") permit (principal, action, resource) when { ${condition} };`)
        .join("\n"),
    );
    const answer = await engine.evaluate(makeRequest());
    expect(answer.determining.map(({ id }) => id)).toEqual(heavy.map((_, n) => `h${n}`));
  });
});

describe("time and end", () => {
  it("denies what is not answered in time, and goes on", async () => {
    const engine = await start(base, { deadlineMs: 40 });
    const answers = await Promise.all(Array.from({ length: 3_000 }, () => engine.evaluate(makeRequest())));
    const late = answers.find((answer) => answer.effect === "deny");
    expect(late?.reasons).toEqual([{ code: "engine_fault", effect: "deny", detail: "no decision within 40 ms" }]);
  });

  it("denies what would wait behind too many", async () => {
    const engine = await start(base, { maxWaiting: 10 });
    const answers = await Promise.all(Array.from({ length: 100 }, () => engine.evaluate(makeRequest())));
    const refused = answers.filter((answer) => answer.effect === "deny");
    expect(refused).toHaveLength(90);
    expect(refused[0]?.reasons[0]).toMatchObject({
      code: "engine_fault",
      detail: "too many calls wait for the policy engine",
    });
  });

  it("denies after close, and what was open at close", async () => {
    const engine = await start(base);
    const asked = engine.evaluate(makeRequest());
    await engine.close();
    const closed = { effect: "deny", reasons: [{ code: "engine_fault", detail: "the policy engine is closed" }] };
    expect(await asked).toMatchObject(closed);
    expect(await engine.evaluate(makeRequest())).toMatchObject(closed);
    await expect(engine.load(bundle(base, { version: 2 }))).rejects.toThrow("closed");
  });
});
