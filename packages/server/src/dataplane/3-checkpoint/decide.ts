/** Room 3. May this happen? Every check is asked and every reason is kept; the strictest answer wins. */
import type { Effect, Reason } from "@airworthy/contract";

import type { JudgedAction, Judgement, PlannedAction } from "../../kernel/action-walk.ts";
import type { Deps } from "../../kernel/deps.ts";
import type { PolicyAnswer, PolicyRequest } from "../../kernel/policy/engine.ts";
import { bindEntities } from "../../kernel/entities/bind-entities.ts";
import { askingOf } from "./asking.ts";
import { bindApproval } from "./binding.ts";
import { checks } from "./checks.ts";
import { describePolicyRequest } from "./policy-request.ts";
import { withOthers } from "./with-others.ts";

const defaultTtlMs = 24 * 60 * 60 * 1000;
const severity: Record<Effect, number> = { allow: 0, escalate: 1, deny: 2 };

export async function decide(action: PlannedAction, deps: Pick<Deps, "clock" | "policyEngine">): Promise<JudgedAction> {
  const refusals = checks.flatMap((check) => check.look(action));
  const nowMs = deps.clock.now();
  const request = describePolicyRequest(action, nowMs);
  const answer = request ? await deps.policyEngine.evaluate(request) : undefined;
  const claims = answer ? missingClaims(action, answer) : [];
  const policyReasons: readonly Reason[] = answer
    ? answer.reasons.map((reason) =>
        withOthers(describeReason(reason), { action, reads: reason.entityReads ?? [], nowMs }),
      )
    : [];
  const reasons = [...refusals, ...claims, ...policyReasons];
  const effect = [...reasons.map((reason) => reason.effect), answer?.effect ?? "deny"].reduce(stricter, "allow");
  const { version, digest } = action.view.snapshot;
  const approvers = effect === "escalate" ? (answer?.approvers ?? []) : [];
  return {
    ...action,
    decision: { effect, reasons, approvers: [...approvers], snapshot: { version, digest } },
    judgement: judge(action, { request, answer, approvers, nowMs }),
  };
}

type Asked = {
  readonly request: PolicyRequest | undefined;
  readonly answer: PolicyAnswer | undefined;
  readonly approvers: readonly string[];
  readonly nowMs: number;
};

function judge(action: PlannedAction, { request, answer, approvers, nowMs }: Asked): Judgement {
  const determining = answer?.determining ?? [];
  const obligations = answer?.obligations ?? {};
  const reads = [...new Set((answer?.reasons ?? []).flatMap((reason) => reason.entityReads ?? []))];
  const entities = bindEntities(action.context.entities, askingOf(action, nowMs), reads);
  return {
    binding: bindApproval(action, { approvers, obligations, determining, entities }),
    determining,
    obligations,
    premature: reads.length > 0 && action.context.entities.some(({ holder }) => holder !== undefined),
    ttlMs: answer?.ttlMs ?? defaultTtlMs,
    shadow: answer?.shadow ?? [],
    request,
  };
}

/** `@rationale("required")`: the permit holds only for an agent that says why. */
function missingClaims(action: PlannedAction, answer: PolicyAnswer): Reason[] {
  if (answer.obligations.rationale !== "required" || (action.rationale ?? "").trim() !== "") return [];
  return [
    {
      code: "rationale_required",
      effect: "deny",
      detail: "The policy asks for a rationale; state one and call again.",
    },
  ];
}

function describeReason(reason: PolicyAnswer["reasons"][number]): Reason {
  const { code, effect, detail, policyId, title, file, line } = reason;
  if (policyId === undefined || file === undefined || line === undefined) return { code, effect, detail };
  return { code, effect, detail, policy: { id: policyId, ...(title === undefined ? {} : { title }), file, line } };
}

function stricter(a: Effect, b: Effect): Effect {
  return severity[a] >= severity[b] ? a : b;
}
