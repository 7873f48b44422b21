/** Puts a verdict into words: reasons with places, obligations, and the digests an approval is bound to. */
import { checkAnnotations, readTtlMs, unionObligations } from "./annotations.ts";
import type { Obligations } from "./annotations.ts";
import type { Outcome } from "./counterfactual.ts";
import type { ShadowSaying, Verdict } from "./engine-messages.ts";
import type { PolicySource } from "./policy-source.ts";

export type PolicyReason = {
  readonly code: "policy" | "default_deny" | "engine_fault" | "missing_input" | "version_gone";
  readonly policyId?: string;
  readonly title?: string;
  readonly file?: string;
  readonly line?: number;
  readonly effect: "allow" | "deny" | "escalate";
  readonly detail: string;
  /** The attributes of `context.env.entity` that the policy reads. */
  readonly entityReads?: readonly string[];
};

export type PolicyAnswer = {
  readonly effect: "allow" | "deny" | "escalate";
  /** The complete set of teams whose yes is needed, sorted; those who gave it when an approved action is allowed. */
  readonly approvers: readonly string[];
  /** How long the yes may be waited for, in milliseconds: the shortest that a policy states. */
  readonly ttlMs?: number;
  readonly reasons: readonly PolicyReason[];
  /** Every policy that took part, lifted forbids and satisfied permits included; the same before and after the yes. */
  readonly determining: readonly { readonly id: string; readonly digest: string }[];
  readonly obligations: Obligations;
  readonly shadow: readonly ShadowSaying[];
};

export type PolicyLookup = (id: string) => PolicySource | undefined;

/** The answer to a request that a thread has judged. */
export function describeVerdict({ outcome, shadow }: Verdict, lookup: PolicyLookup): PolicyAnswer {
  if (outcome.kind === "fault") return denyWith("engine_fault", outcome.detail);
  const forbids = outcome.forbids.map(lookup);
  const permits = outcome.permits.map(lookup);
  const policies = [...forbids, ...permits].filter((policy) => policy !== undefined);
  if (policies.length < forbids.length + permits.length)
    return denyWith("engine_fault", "the engine named a policy that the bundle does not hold");
  const odd = policies.find((policy) => checkAnnotations(policy.effect, policy.annotations).length > 0);
  if (odd !== undefined)
    return denyWith("engine_fault", `policy ${odd.id} carries an annotation that means nothing here`);
  return describeOutcome(outcome, { policies, shadow });
}

function describeOutcome(
  outcome: Exclude<Outcome, { kind: "fault" }>,
  { policies, shadow }: { readonly policies: readonly PolicySource[]; readonly shadow: readonly ShadowSaying[] },
): PolicyAnswer {
  const ttls = policies.flatMap(({ annotations }) => readTtlMs(annotations) ?? []);
  const permits = policies.filter((policy) => policy.effect === "permit");
  const reasons = policies.map((policy) => describePolicy(policy, outcome));
  return {
    effect: outcome.effect,
    approvers: outcome.approvers,
    ...(outcome.effect !== "deny" && ttls.length > 0 ? { ttlMs: Math.min(...ttls) } : {}),
    reasons: outcome.unpermitted
      ? [...reasons, { code: "default_deny", effect: "deny", detail: "no policy permits this, approvals or not" }]
      : reasons,
    determining: policies.map(({ id, digest }) => ({ id, digest })),
    obligations: unionObligations(permits.map((permit) => permit.annotations)),
    shadow,
  };
}

function describePolicy(policy: PolicySource, { effect }: { readonly effect: PolicyAnswer["effect"] }): PolicyReason {
  const { id, annotations, file, line } = policy;
  const team = annotations["approver"];
  const name = annotations["title"] ?? id;
  const detail = (): string => {
    if (policy.effect === "permit") return `permitted by ${name}`;
    if (effect === "escalate") return `${name}: needs the approval of ${team ?? "nobody"}`;
    return effect === "allow" ? `${name}: approved by ${team ?? "nobody"}` : `forbidden by ${name}`;
  };
  return {
    code: "policy",
    policyId: id,
    ...(annotations["title"] === undefined ? {} : { title: annotations["title"] }),
    file,
    line,
    effect: effect === "escalate" && policy.effect === "permit" ? "allow" : effect,
    detail: detail(),
    ...(policy.entityReads.length > 0 ? { entityReads: policy.entityReads } : {}),
  };
}

/** A deny for which no policy is the reason. */
export function denyWith(code: Exclude<PolicyReason["code"], "policy">, detail: string): PolicyAnswer {
  return {
    effect: "deny",
    approvers: [],
    reasons: [{ code, effect: "deny", detail }],
    determining: [],
    obligations: {},
    shadow: [],
  };
}
