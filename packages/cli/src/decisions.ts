/** Decides approvals one by one and says, for each named id, what came of it. */
import type { Approval, ApprovalId } from "@airworthy/contract";
import type { Client } from "@airworthy/sdk";

import type { Call } from "./call.ts";
import { exitCodes, isOurError, type ExitCode } from "./exit-codes.ts";
import { exitCodeOf } from "./failure.ts";
import { readId } from "./ids.ts";
import { clean } from "./text/clean.ts";

export type DecisionOptions = { readonly reason: string };

type Verdict = "approve" | "reject";

/** What came of one id. `applied` is false also when the server answered that the approval no longer holds. */
type Outcome = {
  readonly id: ApprovalId;
  readonly applied: boolean;
  readonly approval?: Approval;
  readonly error?: { readonly code: string; readonly message: string };
};

/** All ids are checked before the first is decided; each is then decided on its own, exactly those and no others. */
export async function decideApprovals(call: Call<DecisionOptions>, verdict: Verdict): Promise<ExitCode> {
  const ids = [...new Set(call.args)].map((text) => readId("apr", text));
  const client = await call.client();
  const outcomes: { readonly outcome: Outcome; readonly code: ExitCode }[] = [];
  for (const id of ids) {
    // One after the other: a person who interrupts must know that nothing further was decided.
    outcomes.push(await decideOne(client, { id, verdict, reason: call.options.reason }));
  }
  const results = outcomes.map(({ outcome }) => outcome);
  call.print("decisions", { results }, () => results.map((result) => `${outcomeText(result, verdict)}\n`).join(""));
  return summarize(outcomes.map(({ outcome, code }) => (outcome.applied ? exitCodes.ok.code : code)));
}

async function decideOne(client: Client, input: { id: ApprovalId; verdict: Verdict; reason: string }) {
  try {
    const approval = await client.decideApproval(input);
    const outcome: Outcome = { id: input.id, applied: tookHold(approval, input.verdict), approval };
    return { outcome, code: exitCodes.unexpected.code };
  } catch (error) {
    if (!isOurError(error)) throw error;
    const outcome: Outcome = { id: input.id, applied: false, error: { code: error.code, message: error.message } };
    return { outcome, code: exitCodeOf(error) };
  }
}

/** A yes may leave it pending, when another team has yet to answer. */
const tookHold = ({ status }: Approval, verdict: Verdict): boolean =>
  verdict === "reject" ? status === "rejected" : status === "approved" || status === "consumed" || status === "pending";

function outcomeText({ id, applied, approval, error }: Outcome, verdict: Verdict): string {
  if (error !== undefined) return `failed    ${id}  ${clean(error.message)}`;
  if (!applied) return `${approval?.status ?? "failed"}  ${id}  the answer did not take hold; look at it again`;
  if (approval?.status === "pending") return `noted     ${id}  still needs ${clean(missingTeams(approval))}`;
  return `${verdict === "approve" ? "approved" : "rejected"}  ${id}`;
}

function missingTeams(approval: Approval): string {
  const answered = new Set(approval.signOffs.map((signOff) => signOff.team));
  return approval.approvers.filter((team) => !answered.has(team)).join(", ") || "another person";
}

function summarize(codes: readonly ExitCode[]): ExitCode {
  const failed = codes.filter((code) => code !== exitCodes.ok.code);
  if (failed.length === 0) return exitCodes.ok.code;
  return failed.length < codes.length ? exitCodes.partlyApplied.code : (failed[0] ?? exitCodes.unexpected.code);
}
