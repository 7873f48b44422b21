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
  // On its first walk nobody can have been asked yet.
  const approval = action.walk > 1 ? await deps.approvals.find(action.tenant, action.id) : undefined;
  if (approval && saidNo(approval)) return refuse(action, approval);
  if (action.decision.effect === "deny") return deny(action, approval);
  if (isRehearsed(action)) return { ...action, outcome: { status: "shadowed" } };

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

function deny(action: JudgedAction, approval: Approval | undefined): AnsweredAction {
  if (approval && isOpen(approval) && willPass(action)) return awaitSources(action, approval);
  return { ...action, outcome: { status: "refused" } };
}

const isOpen = ({ status }: Approval): boolean => status === "approved" || status === "pending";

/** Whether nothing speaks against it but that somebody did not answer just now. */
function willPass({ decision }: JudgedAction): boolean {
  return decision.reasons.every(({ effect, retryable }) => effect !== "deny" || retryable === true);
}

const firstPauseMs = 1000;
const longestPauseMs = 300_000;

/**
 * People were promised that it is done if they say yes, and a source that is away for a moment takes nothing back: it waits on
 * under the approval that stands, as long as that does, and looks again ever more rarely.
 */
function awaitSources(action: JudgedAction, { id, approvers, expiresAt }: Approval): AnsweredAction {
  const detail = `Approval ${id} stands until ${expiresAt}; until then it is looked at again by itself.`;
  const reasons = action.decision.reasons.map((reason): Reason => ({ ...reason, effect: "escalate" }));
  const kept: Reason = { code: "source_awaited", effect: "escalate", detail, retryable: true };
  return {
    ...action,
    decision: { ...action.decision, effect: "escalate", reasons: [...reasons, kept], approvers: [...approvers] },
    outcome: { status: "waiting", approval: id, againInMs: pauseBefore(action.walk) },
  };
}

/** Doubled with each walk, and spread out, so that what failed together does not come back together. */
function pauseBefore(walk: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(walk - 2, 20)) * (0.75 + Math.random() / 2);
}

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
  if (approval.approvers.every((team) => approval.signOffs.some((signOff) => signOff.team === team))) {
    const late = `${teams} said yes, and it could not be carried out before that ran out at ${approval.expiresAt}.`;
    return { code: "approval_expired", effect: "deny", detail: late };
  }
  const detail = `Nobody of ${teams} answered in time, and silence means no.`;
  return { code: "approval_expired", effect: "deny", detail };
}
