/** Room 4. Who says yes: the policy alone, or a person? Only this room can issue a permit. */
import type { Approval, Reason } from "@airworthy/contract";

import type { AnsweredAction, JudgedAction } from "../../kernel/action-walk.ts";
import type { Deps } from "../../kernel/deps.ts";
import { newId } from "../../kernel/ids.ts";

export async function authorize(
  action: JudgedAction,
  deps: Pick<Deps, "approvals" | "issuer">,
): Promise<AnsweredAction> {
  const { decision, judgement } = action;
  if (decision.effect === "deny") return { ...action, outcome: { status: "refused" } };
  if (isRehearsed(action)) return { ...action, outcome: { status: "shadowed" } };
  if (decision.effect === "allow") return { ...action, permit: deps.issuer.issuePermit(judgement.binding) };

  const approval = await deps.approvals.find(action.tenant, action.id);
  if (!approval || approval.binding !== judgement.binding || approval.status === "stale") return ask(action);
  switch (approval.status) {
    case "pending":
      return { ...action, outcome: { status: "waiting", approval: approval.id } };
    case "approved":
      return { ...action, permit: deps.issuer.issuePermit(judgement.binding, approval.id) };
    case "rejected":
    case "expired":
    case "consumed":
      return refuse(action, approval);
  }
}

/** In rehearsal and shadow an action is decided and recorded, and not carried out. Reading is allowed: it is how a shadow sees. */
function isRehearsed({ context }: JudgedAction): boolean {
  const stage = context.agent?.stage;
  return context.tool?.effect === "write" && (stage === "rehearsal" || stage === "shadow");
}

function ask(action: JudgedAction): AnsweredAction {
  const asked = { expiresInMs: action.judgement.ttlMs };
  return { ...action, outcome: { status: "waiting", approval: newId("apr"), ask: asked } };
}

function refuse(action: JudgedAction, approval: Approval): AnsweredAction {
  const reasons = [...action.decision.reasons, saidNo(approval)];
  return { ...action, decision: { ...action.decision, effect: "deny", reasons }, outcome: { status: "refused" } };
}

function saidNo(approval: Approval): Reason {
  const no = approval.signOffs.find((signOff) => signOff.verdict === "reject");
  if (no) return { code: "approval_rejected", effect: "deny", detail: `${no.by} (${no.team}) said no: ${no.reason}` };
  const teams = approval.approvers.join(", ");
  return approval.status === "expired"
    ? { code: "approval_expired", effect: "deny", detail: `Nobody of ${teams} answered in time, and silence means no.` }
    : { code: "approval_consumed", effect: "deny", detail: `The approval of ${teams} was used already.` };
}
