/** Carries out recalls that people have approved: claimed by one node, action by action in reverse order, to the receipt. */
import { AirworthyError, type Approval, type RecallReceipt } from "@airworthy/contract";

import type { ApprovalStore } from "../kernel/control-store.ts";
import type { RecallPlanner } from "../kernel/recall-planner.ts";
import type { RecallClaim } from "../kernel/recall-store.ts";
import { followStep, takeBack, type TakeBackDeps } from "./take-back.ts";

export type RecallDeps = TakeBackDeps & {
  readonly planner: RecallPlanner;
  readonly readApproval: ApprovalStore["read"];
  /** The text that is kept and handed out: the receipt, signed. */
  readonly signReceipt: (receipt: RecallReceipt) => string;
  readonly onFault: (error: unknown) => void;
};

const claimMost = 4;
const renewEveryMs = 4000;
/** With nothing to do but to wait for people, it is looked at this often. */
const restMs = 1000;

/** Safe on every node at once. `signal`: the server is closing; the action under way is finished, nothing more is begun. */
export async function carryOutRecalls(deps: RecallDeps, signal: AbortSignal): Promise<void> {
  const claims = await deps.recalls.claim(claimMost);
  await Promise.all(claims.map((claim) => carryOutOne(claim, deps, signal)));
}

async function carryOutOne(claim: RecallClaim, deps: RecallDeps, signal: AbortSignal): Promise<void> {
  // A lease that cannot be renewed is found out by the next write, which will not happen.
  const heart = setInterval(() => void deps.recalls.renew(claim).catch(() => undefined), renewEveryMs);
  try {
    if (claim.status === "waiting") await answerRecall(claim, deps);
    else await workThrough(claim, deps, signal);
  } catch (error) {
    // Another node, or a person, has it now: whatever it is doing is right.
    const taken = error instanceof AirworthyError && error.code === "conflict";
    if (!taken) deps.onFault(error);
  } finally {
    clearInterval(heart);
    await deps.recalls.release(claim, claim.status === "waiting" ? 0 : restMs).catch(deps.onFault);
  }
}

/** The approval was answered. What it was given for must still be so: otherwise it was a yes to something else. */
async function answerRecall(claim: RecallClaim, deps: RecallDeps): Promise<void> {
  const approval = await deps.readApproval(claim.tenant, claim.approval);
  if (!approval) throw new AirworthyError("internal", `The approval of ${claim.id} is not in the store.`);
  const teams = approval.signOffs.filter(({ verdict }) => verdict === "approve").map(({ team }) => team);
  if (approval.status !== "approved") {
    const status = approval.status === "rejected" ? "rejected" : "expired";
    await deps.recalls.answer(claim, { status, teams, reason: describeNo(approval) });
    return;
  }
  const moved = await findMoved(claim, deps);
  if (moved === undefined) await deps.recalls.answer(claim, { status: "running", teams });
  else await deps.recalls.answer(claim, { status: "stale", teams, reason: moved });
}

/** Why the plan is no longer what it was, if so. */
async function findMoved(claim: RecallClaim, { planner, recalls }: RecallDeps): Promise<string | undefined> {
  try {
    await planner.check(claim.tenant, await recalls.plan(claim));
    return undefined;
  } catch (error) {
    if (error instanceof AirworthyError && !error.retryable) return error.message;
    throw error;
  }
}

function describeNo({ status, signOffs, approvers }: Approval): string {
  const no = signOffs.find(({ verdict }) => verdict === "reject");
  if (no) return `${no.by} (${no.team}) said no: ${no.reason}`;
  return status === "expired" ? `Nobody of ${approvers.join(", ")} answered in time.` : `The approval is ${status}.`;
}

async function workThrough(claim: RecallClaim, deps: RecallDeps, signal: AbortSignal): Promise<void> {
  const { recalls } = deps;
  for (const step of await recalls.underWay(claim)) {
    const { paused } = await followStep(claim, step, deps);
    if (paused !== undefined) return recalls.pause(claim, paused);
  }
  if (claim.status === "running") await takeAll(claim, deps, signal);
  if (claim.status === "cancelled") await recalls.giveUpRest(claim);
  const receipt = await recalls.account(claim);
  if (receipt) await recalls.end(claim, { note: deps.signReceipt(receipt), endedAt: receipt.endedAt });
}

/** One after the other, so that what was done last is taken back first, and no faster than the policy allows. */
async function takeAll(claim: RecallClaim, deps: RecallDeps, signal: AbortSignal): Promise<void> {
  const paceMs = 1000 / claim.perSecond;
  let mayAt = 0;
  while (!signal.aborted) {
    const step = await deps.recalls.next(claim);
    if (!step) return;
    if (step.call) {
      await pause(Math.max(0, mayAt - deps.clock.monotonicMs()));
      mayAt = deps.clock.monotonicMs() + paceMs;
    }
    const { paused } = await takeBack(claim, step, deps);
    if (paused !== undefined) return deps.recalls.pause(claim, paused);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
