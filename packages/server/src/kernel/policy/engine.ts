/** The policy engine: holds each tenant's two latest bundles and answers requests against the version they name. */
import { AirworthyError } from "@airworthy/contract";

import { checkAnnotations } from "./annotations.ts";
import type { PrepareStep } from "./engine-messages.ts";
import { denyWith, describeVerdict } from "./policy-answer.ts";
import type { PolicyAnswer } from "./policy-answer.ts";
import { planBundle } from "./plan-bundle.ts";
import type { PlannedBundle, PolicyBundle, Stock } from "./plan-bundle.ts";
import { PolicyHost } from "./policy-host.ts";
import { findBreach, textLimits, tokenize } from "./policy-text.ts";
import { readRequest } from "./request-context.ts";
import type { PolicyRequest } from "./request-context.ts";
import { checkTools } from "./tool-schema.ts";

export type { PolicyBundle } from "./plan-bundle.ts";
export type { PolicyAnswer } from "./policy-answer.ts";
export type { PolicyEnv, PolicyRequest } from "./request-context.ts";

export type PolicyEngineOptions = {
  /** A request unanswered for this long is denied as an engine fault. Milliseconds, default 2,000. */
  readonly deadlineMs?: number;
  /** Requests that may wait; one more is denied. Default 10,000. */
  readonly maxWaiting?: number;
};

export type PolicyEngine = {
  /**
   * Parses a bundle into the slot that the current one does not use, then makes it current. The bundle before it stays
   * answerable until the next load. On rejection (an AirworthyError) the current bundle is as it was.
   */
  readonly load: (bundle: PolicyBundle) => Promise<void>;
  /** Never rejects: whatever goes wrong is a deny whose reason says so. */
  readonly evaluate: (request: PolicyRequest) => Promise<PolicyAnswer>;
  readonly close: () => Promise<void>;
};

type Tenant = {
  readonly index: number;
  readonly slots: { A: PlannedBundle | undefined; B: PlannedBundle | undefined };
  /** Names ever used in each slot; they are used again, never added to without need. */
  readonly stock: { A: Stock; B: Stock };
  current: "A" | "B" | undefined;
  /** The part of a load that the thread has taken, for a thread that replaces it meanwhile. */
  arriving: readonly PrepareStep[];
  loads: number;
  loading: Promise<void>;
};

// Small, so that a load lets requests through between its parts.
const stepsPerMessage = 4;

/** An engine with its own thread, which starts with the first load. The caller closes it. */
export function createPolicyEngine(options: PolicyEngineOptions = {}): PolicyEngine {
  const tenants = new Map<string, Tenant>();
  const host = new PolicyHost({
    deadlineMs: options.deadlineMs ?? 2_000,
    maxWaiting: options.maxWaiting ?? 10_000,
    retained: () =>
      [...tenants.values()].flatMap(({ slots, arriving }) => [
        ...(slots.A?.steps ?? []),
        ...(slots.B?.steps ?? []),
        ...arriving,
      ]),
  });
  return {
    load: (bundle) => {
      const tenant = tenants.get(bundle.tenant) ?? openTenant(tenants.size);
      tenants.set(bundle.tenant, tenant);
      const loading = tenant.loading.then(() => loadBundle(bundle, { tenant, host }));
      tenant.loading = loading.catch(() => undefined);
      return loading;
    },
    evaluate: (request) => evaluateRequest(request, { tenants, host }),
    close: () => host.close(),
  };
}

function openTenant(index: number): Tenant {
  const none: Stock = { tools: 0, sets: 0 };
  return {
    index,
    slots: { A: undefined, B: undefined },
    stock: { A: none, B: none },
    current: undefined,
    arriving: [],
    loads: 0,
    loading: Promise.resolve(),
  };
}

async function loadBundle(
  bundle: PolicyBundle,
  at: { readonly tenant: Tenant; readonly host: PolicyHost },
): Promise<void> {
  const { tenant, host } = at;
  assertLoadable(bundle);
  const slot = tenant.current === "A" ? "B" : "A";
  tenant.loads += 1;
  const edition = `${bundle.version}/${bundle.digest}/${tenant.loads}`;
  const { planned: loaded, stock } = planBundle(bundle, {
    prefix: `${tenant.index}${slot}`,
    edition,
    stock: tenant.stock[slot],
  });
  // From here on the thread's slot is neither the old bundle nor the new one.
  tenant.slots[slot] = undefined;
  tenant.stock[slot] = stock;
  try {
    for (let start = 0; start < loaded.steps.length; start += stepsPerMessage) {
      // One part after the other is the point: requests are judged between them.
      await host.prepare(loaded.steps.slice(start, start + stepsPerMessage));
      tenant.arriving = loaded.steps.slice(0, start + stepsPerMessage);
    }
    tenant.slots[slot] = loaded;
    tenant.current = slot;
  } finally {
    tenant.arriving = [];
  }
}

/** What can be known without Cedar; the rest is `validateBundle`'s, and Cedar's own parser has the last word. */
function assertLoadable({ policies, tools, tenant, version }: PolicyBundle): void {
  const refuse = (what: string): never => {
    throw new AirworthyError("invalid_input", `policy bundle ${version} of ${tenant} cannot be loaded: ${what}`, {
      fix: "validate the bundle and load it when it has no finding",
    });
  };
  const [finding] = checkTools(tools);
  if (finding !== undefined) refuse(finding.message);
  const ids = new Set<string>();
  for (const policy of policies) {
    const breach = findBreach(tokenize(policy.text), textLimits);
    if (breach !== undefined) refuse(`policy ${policy.id}: ${breach.message}`);
    const [complaint] = checkAnnotations(policy.effect, policy.annotations);
    if (complaint !== undefined) refuse(`policy ${policy.id}: ${complaint.message}`);
    if (ids.has(policy.id)) refuse(`two policies are called ${policy.id}`);
    ids.add(policy.id);
  }
}

async function evaluateRequest(
  request: PolicyRequest,
  at: { readonly tenants: ReadonlyMap<string, Tenant>; readonly host: PolicyHost },
): Promise<PolicyAnswer> {
  const tenant = at.tenants.get(request.tenant);
  const held = tenant?.current === "A" ? [tenant.slots.A, tenant.slots.B] : [tenant?.slots.B, tenant?.slots.A];
  const loaded = held.find((slot) => slot?.version === request.version);
  if (loaded === undefined)
    return denyWith("version_gone", `the policy engine does not hold version ${request.version}`);
  const plan = loaded.plans.get(request.tool);
  if (plan === undefined) return denyWith("default_deny", `no tool is called ${request.tool}, so nothing permits it`);
  const read = readRequest(request, plan.tool);
  if ("missing" in read) return denyWith("missing_input", read.missing);
  const verdict = await at.host.judge({
    edition: loaded.edition,
    tool: plan.slot,
    enforce: plan.enforce,
    shadow: plan.shadow,
    agent: read.agent,
    context: read.context,
    granted: read.granted,
  });
  return describeVerdict(verdict, (id) => loaded.policies.get(id));
}
