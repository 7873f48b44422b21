/** Measures the policy engine with 1,000 policies, through its thread: sliced per tool against the whole set. */
import { performance } from "node:perf_hooks";

import { createPolicyEngine } from "../packages/server/src/kernel/policy/engine.ts";
import type { PolicyEngine, PolicyRequest } from "../packages/server/src/kernel/policy/engine.ts";
import type { PolicyTool } from "../packages/server/src/kernel/policy/tool-schema.ts";
import { summariseClasses, summarisePerson } from "../packages/server/src/kernel/classes/summarise-classes.ts";
import { untouched } from "../packages/server/src/kernel/entities/summarise.ts";
import { untraced } from "../packages/server/src/kernel/provenance/summarise.ts";
import { validateBundle } from "../packages/server/src/kernel/policy/validate-bundle.ts";
import type { Benchmark } from "./bench.ts";
import { median, percentile } from "./load.ts";

const policyCount = 1_000;
const toolCount = 100;
const warmUps = 100;

const tools: readonly PolicyTool[] = Array.from({ length: toolCount }, (_, n) => ({
  name: `payments.tool-${n}`,
  system: "payments",
  effect: "write",
  money: true,
  reversibility: "reversible",
  facets: { accountId: "string", note: "string" },
  computed: {},
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
      entity: untouched,
      provenance: untraced({
        accountId: { path: "$.accountId", type: "string" },
        note: { path: "$.note", type: "string" },
      }),
      classes: summariseClasses([], {
        accountId: { path: "$.accountId", type: "string" },
        note: { path: "$.note", type: "string" },
      }),
      person: summarisePerson(undefined),
    },
  };
}

/** Decisions with 1,000 policies, each asked only those of its tool, against the same policies asked all together. */
export const benchPolicy: Benchmark = async ({ quick }) => {
  const rounds = quick ? 200 : 1_000;
  const sliced = await measure("head", rounds);
  const whole = await measure("condition", quick ? 50 : 500);
  return [
    {
      what: "decision with 1,000 policies, in process",
      value: median(sliced.times),
      unit: "ms",
      p99Ms: percentile(sorted(sliced.times), 0.99),
      first: 0.8,
      aim: 0.05,
      ratios: [{ to: "faster than asking all 1,000", ratio: median(whole.times) / median(sliced.times) }],
      notes: [
        `${Math.round(sliced.togetherPerSecond)} decisions/s with 64 callers, ` +
          `${Math.round(whole.togetherPerSecond)}/s asking all (p50 ${median(whole.times).toPrecision(3)} ms)`,
      ],
    },
  ];
};

type Measured = { readonly times: readonly number[]; readonly togetherPerSecond: number };

async function measure(naming: Naming, samples: number): Promise<Measured> {
  const files = [{ path: "bench.cedar", text: writePolicies(naming) }];
  const { policies, findings } = await validateBundle({ policies: files, tools });
  if (findings[0] !== undefined) throw new Error(`the benchmark's policies are wrong: ${findings[0].message}`);
  const engine = createPolicyEngine({ deadlineMs: 10_000 });
  try {
    await engine.load({ tenant: "bench", version: 1, digest: "bench", policies, tools });
    const times = await measureOneByOne(engine, samples);
    return { times, togetherPerSecond: await measureTogether(engine, samples) };
  } finally {
    await engine.close();
  }
}

async function measureOneByOne(engine: PolicyEngine, samples: number): Promise<readonly number[]> {
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

async function measureTogether(engine: PolicyEngine, samples: number): Promise<number> {
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

const sorted = (times: readonly number[]): number[] => times.toSorted((a, b) => a - b);
