/** Measures the policy engine with 1,000 policies, through its thread: sliced per tool against the whole set. */
import { performance } from "node:perf_hooks";

import { createPolicyEngine } from "../packages/server/src/kernel/policy/engine.ts";
import type { PolicyEngine, PolicyRequest } from "../packages/server/src/kernel/policy/engine.ts";
import type { PolicyTool } from "../packages/server/src/kernel/policy/tool-schema.ts";
import { validateBundle } from "../packages/server/src/kernel/policy/validate-bundle.ts";

const policyCount = 1_000;
const toolCount = 100;
const warmUps = 200;
const samples = 1_000;

const tools: readonly PolicyTool[] = Array.from({ length: toolCount }, (_, n) => ({
  name: `payments.tool-${n}`,
  system: "payments",
  effect: "write",
  money: true,
  reversibility: "reversible",
  facets: { accountId: "string", note: "string" },
  facts: { "crm.account.status": "string", "crm.account.limit": "integer" },
}));

/** Where a policy names its tool: in its head, by which slices are cut, or in its condition, which hides it from them. */
type Naming = "head" | "condition";

/** Ten policies a tool and ten for all; every tenth asks for an approval, which a tenth of the requests needs. */
function writePolicies(naming: Naming): string {
  return Array.from({ length: policyCount }, (_, n) => {
    const test =
      n < 10
        ? 'action in Airworthy::Action::"call_tool"'
        : `action == Airworthy::Action::"payments.tool-${n % toolCount}"`;
    const [head, also] = naming === "head" ? [test, "true"] : ["action", test];
    if (n % 10 === 3) {
      return `@id("p${n}") @approver("ops") forbid (principal, ${head}, resource)
        when { ${also} && context.env.amountMinor > ${900 + n} } unless { context.env.approvals.contains("ops") };`;
    }
    return `@id("p${n}") permit (principal, ${head}, resource)
      when { ${also} && context.facts["crm.account.status"] == "open" && context.env.amountMinor < ${n * 1_000} };`;
  }).join("\n");
}

function makeRequest(n: number): PolicyRequest {
  return {
    tenant: "bench",
    version: 1,
    agent: { id: "agent-1", autonomy: 2, stage: "production", level: "senior", fleet: "finance" },
    tool: `payments.tool-${n % toolCount}`,
    input: { accountId: `A-${n}`, note: "a note of some length, as agents write them" },
    facts: { "crm.account.status": "open", "crm.account.limit": 5_000 },
    env: {
      confidenceBp: 9_000,
      confidenceStated: true,
      amountMinor: (n * 7) % 1_000,
      currency: "EUR",
      approvals: [],
      repeats: 0,
      reversibility: "reversible",
      stage: "production",
      hourUtc: 12,
      entityType: "invoice",
      entityId: "4711",
    },
  };
}

/** Prints decisions per second and p50 and p99, sliced and whole, and the ratio of the two. */
export async function benchPolicy(): Promise<void> {
  const sliced = await measure("head");
  const whole = await measure("condition");
  report("1,000 policies, sliced", sliced);
  report("1,000 policies, whole set", whole);
  const ratio = (median(whole.times) / median(sliced.times)).toFixed(1);
  process.stdout.write(`policy  p50 of the whole set to p50 sliced: ${ratio} (aim: p50 sliced <= 0.8 ms)\n`);
}

type Measured = { readonly times: readonly number[]; readonly togetherPerSecond: number };

async function measure(naming: Naming): Promise<Measured> {
  const files = [{ path: "bench.cedar", text: writePolicies(naming) }];
  const { policies, findings } = await validateBundle({ policies: files, tools });
  if (findings[0] !== undefined) throw new Error(`the benchmark's policies are wrong: ${findings[0].message}`);
  const engine = createPolicyEngine({ deadlineMs: 10_000 });
  try {
    await engine.load({ tenant: "bench", version: 1, digest: "bench", policies, tools });
    return { times: await measureOneByOne(engine), togetherPerSecond: await measureTogether(engine) };
  } finally {
    await engine.close();
  }
}

async function measureOneByOne(engine: PolicyEngine): Promise<readonly number[]> {
  const times: number[] = [];
  for (let n = 0; n < warmUps + samples; n += 1) {
    const start = performance.now();
    // One at a time is what is measured.
    // oxlint-disable-next-line eslint/no-await-in-loop
    const answer = await engine.evaluate(makeRequest(n));
    if (answer.reasons[0]?.code === "engine_fault") throw new Error(answer.reasons[0].detail);
    if (n >= warmUps) times.push(performance.now() - start);
  }
  return times;
}

async function measureTogether(engine: PolicyEngine): Promise<number> {
  const start = performance.now();
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < samples) {
      next += 1;
      // Each of the 64 callers asks one after the other.
      // oxlint-disable-next-line eslint/no-await-in-loop
      await engine.evaluate(makeRequest(next));
    }
  };
  await Promise.all(Array.from({ length: 64 }, caller));
  return (samples / (performance.now() - start)) * 1_000;
}

function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

const median = (times: readonly number[]): number => percentile(times, 0.5);

function report(what: string, { times, togetherPerSecond }: Measured): void {
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  const [p50, p99] = [median(times), percentile(times, 0.99)].map((time) => time.toFixed(3));
  const rates = `${(1_000 / mean).toFixed(0)} decisions/s alone, ${togetherPerSecond.toFixed(0)} with 64 callers`;
  process.stdout.write(`policy  ${what}: p50 ${p50} ms, p99 ${p99} ms, ${rates}\n`);
}
