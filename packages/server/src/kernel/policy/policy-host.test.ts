/** The owner of the engine's thread: what it does when the thread throws, dies, hangs or never starts. */
import { afterEach, describe, expect, it } from "vitest";

import type { JudgeCall, PrepareStep } from "./engine-messages.ts";
import { planBundle } from "./plan-bundle.ts";
import { PolicyHost } from "./policy-host.ts";
import { fixtureTools, makeRequest, readPolicies, refundTool } from "./policy-fixtures.ts";
import { readRequest } from "./request-context.ts";

const open: PolicyHost[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((host) => host.close()));
});

function start(options: Partial<ConstructorParameters<typeof PolicyHost>[0]> = {}): PolicyHost {
  const host = new PolicyHost({ deadlineMs: 10_000, maxWaiting: 1_000, retained: () => [], ...options });
  open.push(host);
  return host;
}

const policies = readPolicies('@id("base") permit (principal, action, resource);');
const { planned } = planBundle(
  { tenant: "acme", version: 1, digest: "d", policies, tools: fixtureTools },
  { prefix: "x", edition: "e1", stock: { tools: 0, sets: 0 } },
);

function makeCall(id = "agent"): JudgeCall {
  const plan = planned.plans.get(refundTool.name);
  const read = readRequest(makeRequest(), refundTool);
  if (plan === undefined || "missing" in read) throw new Error("the fixture is broken");
  const { context, granted } = read;
  return {
    edition: planned.edition,
    tool: plan.slot,
    enforce: plan.enforce,
    shadow: plan.shadow,
    agent: { ...read.agent, id },
    context,
    granted,
  };
}

/** A call that no request can become, for the checks before it let no object through. */
function makePoison(): JudgeCall {
  let value: JudgeCall["context"]["input"][string] = "x";
  for (let depth = 0; depth < 200; depth += 1) value = { a: value };
  const call = makeCall();
  return { ...call, context: { ...call.context, input: { ...call.context.input, accountId: value } } };
}

const allowed = { outcome: { kind: "outcome", effect: "allow", permits: ["base"] } };

describe("a throw inside the engine", () => {
  it("denies that call only; the thread is replaced, told all again, and the others are answered", async () => {
    const host = start({ retained: () => planned.steps });
    const calls = [
      ...Array.from({ length: 40 }, () => makeCall()),
      makePoison(),
      ...Array.from({ length: 40 }, () => makeCall()),
    ];
    const verdicts = await Promise.all(calls.map((call) => host.judge(call)));
    const faults = verdicts.filter(({ outcome }) => outcome.kind === "fault");
    expect(faults).toMatchObject([{ outcome: { thrown: true } }]);
    expect(verdicts.filter(({ outcome }) => outcome.kind === "outcome" && outcome.effect === "allow")).toHaveLength(80);
    expect(host.replaced).toBe(1);
    expect(await host.judge(makeCall())).toMatchObject(allowed);
  });

  it("during a load rejects the load and leaves what was there", async () => {
    const host = start({ retained: () => planned.steps });
    const text = `permit (principal, action, resource) when { ${"(".repeat(300)}true${")".repeat(300)} };`;
    const bomb: PrepareStep = { kind: "policies", slot: "bomb", edition: "e2", texts: { bomb: text }, approvers: {} };
    const [loaded, verdict] = await Promise.allSettled([host.prepare([bomb]), host.judge(makeCall())]);
    expect(loaded).toMatchObject({ status: "rejected", reason: { name: "AirworthyError", code: "internal" } });
    expect(verdict).toMatchObject({ value: allowed });
    expect(host.replaced).toBe(1);
  });
});

describe("calls and loads", () => {
  it("keep their order, so that no call is judged by what was loaded after it", async () => {
    const host = start({ retained: () => planned.steps });
    const other = planned.steps.map((step) => ({ ...step, edition: "e2" }));
    const before = Array.from({ length: 200 }, () => host.judge(makeCall()));
    const loading = host.prepare(other);
    const after = host.judge(makeCall());
    await loading;
    for (const verdict of await Promise.all(before)) expect(verdict).toMatchObject(allowed);
    expect(await after).toMatchObject({
      outcome: { kind: "fault", detail: "this bundle is no longer in the engine's thread" },
    });
  });
});

/** A thread that answers every call, and dies or hangs of the agents that are called so. */
const misbehaving = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from "node:worker_threads";
    const verdict = { outcome: { kind: "outcome", effect: "allow", permits: ["base"] }, shadow: [] };
    parentPort.on("message", ({ type, job, calls = [] }) => {
      if (calls.some(({ agent }) => agent.id === "exit")) process.exit(1);
      while (calls.some(({ agent }) => agent.id === "hang"));
      parentPort.postMessage(type === "judge" ? { type: "judged", job, poisoned: false, verdicts: calls.map(() => verdict) } : { type: "prepared", job, poisoned: false });
    });`)}`,
);

describe("a thread that dies or hangs", () => {
  it("is replaced; a call that two threads died of is denied, and those after it are answered", async () => {
    const host = start({ thread: misbehaving });
    const fatal = host.judge(makeCall("exit"));
    expect(await fatal).toMatchObject({ outcome: { kind: "fault" } });
    expect(host.replaced).toBe(2);
    expect(await host.judge(makeCall())).toMatchObject(allowed);
  });

  it("is replaced when it has been silent past the deadline", async () => {
    const host = start({ thread: misbehaving, deadlineMs: 300 });
    expect(await host.judge(makeCall("hang"))).toMatchObject({
      outcome: { kind: "fault", detail: "no decision within 300 ms" },
    });
    // The deadline counts the new thread's start too, so the first calls may be late.
    let verdict = await host.judge(makeCall());
    while (verdict.outcome.kind === "fault") verdict = await host.judge(makeCall());
    expect(verdict).toMatchObject(allowed);
    expect(host.replaced).toBe(1);
  });

  it("that cannot start makes every call a fault, without trying for ever", async () => {
    const host = start({ thread: new URL("data:text/javascript,throw%20new%20Error('no')") });
    const verdicts = await Promise.all([host.judge(makeCall()), host.judge(makeCall())]);
    for (const verdict of verdicts) expect(verdict).toMatchObject({ outcome: { kind: "fault", thrown: false } });
    await expect(host.prepare([])).rejects.toMatchObject({ name: "AirworthyError" });
    expect(host.replaced).toBeLessThan(10);
  });
});
