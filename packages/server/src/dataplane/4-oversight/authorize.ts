/** Room 4. Who says yes: the policy alone, or a person? Only this room can issue a permit. */
import type { Approval, Reason } from "@airworthy/contract";

import type { AnsweredAction, JudgedAction } from "../../kernel/action-walk.ts";
import type { Deps } from "../../kernel/deps.ts";
import { newId } from "../../kernel/ids.ts";

export async function authorize(
  action: JudgedAction,
  deps: Pick<Deps, "approvals" | "issuer">,
): Promise<AnsweredAction> {
  // Two newer configurations came while it walked: it is judged by the newest, not refused for want of the old one.
  const outrun = action.decision.reasons.some((reason) => reason.code === "version_gone");
  if (outrun) return { ...action, outcome: { status: "conflict", conflict: "control" } };
  // What another's effect leaves behind decides, and it is under way: its end is waited for before anybody is told no or asked.
  if (action.decision.effect !== "allow" && action.judgement.premature) {
    return { ...action, outcome: { status: "conflict", conflict: "entity" } };
  }
  if (action.decision.effect === "deny") return { ...action, outcome: { status: "refused" } };
  if (isRehearsed(action)) return { ...action, outcome: { status: "shadowed" } };

  // On its first walk nobody can have been asked yet.
  const approval = action.walk > 1 ? await deps.approvals.find(action.tenant, action.id) : undefined;
  if (approval && saidNo(approval)) return refuse(action, approval);
  if (action.decision.effect === "allow") {
    return { ...action, permit: deps.issuer.issuePermit(action.judgement.binding) };
  }
  return followApproval(action, approval, deps);
}

/** In rehearsal and shadow an action is decided and recorded, and not carried out. Reading is allowed: it is how a shadow sees. */
function isRehearsed({ context }: JudgedAction): boolean {
  const stage = context.agent?.stage;
  return context.tool?.effect === "write" && (stage === "rehearsal" || stage === "shadow");
}

/** A no is a no, whatever has changed since; so is silence. */
const saidNo = ({ status }: Approval): boolean => status === "rejected" || status === "expired";

/** An approval of something else, or one that was used, is none: the question is asked anew. */
function followApproval(
  action: JudgedAction,
  approval: Approval | undefined,
  deps: Pick<Deps, "issuer">,
): AnsweredAction {
  const { binding, ttlMs } = action.judgement;
  if (approval?.binding === binding && approval.status === "approved") {
    return { ...action, permit: deps.issuer.issuePermit(binding, approval.id) };
  }
  if (approval?.binding === binding && approval.status === "pending") {
    return { ...action, outcome: { status: "waiting", approval: approval.id } };
  }
  return { ...action, outcome: { status: "waiting", approval: newId("apr"), ask: { expiresInMs: ttlMs } } };
}

function refuse(action: JudgedAction, approval: Approval): AnsweredAction {
  const reasons = [...action.decision.reasons, describeNo(approval)];
  return { ...action, decision: { ...action.decision, effect: "deny", reasons }, outcome: { status: "refused" } };
}

function describeNo(approval: Approval): Reason {
  const no = approval.signOffs.find((signOff) => signOff.verdict === "reject");
  if (no) return { code: "approval_rejected", effect: "deny", detail: `${no.by} (${no.team}) said no: ${no.reason}` };
  const teams = approval.approvers.join(", ");
  const detail = `Nobody of ${teams} answered in time, and silence means no.`;
  return { code: "approval_expired", effect: "deny", detail };
}
