/** The three outcomes: denied now but allowed with named approvals added means escalate, to exactly those. */
import type { Authorization } from "./cedar-authorize.ts";

export type Outcome =
  | {
      readonly kind: "outcome";
      readonly effect: "allow" | "deny" | "escalate";
      /** Teams whose yes the forbids ask for, sorted: those needed, or, when allowed, those who gave it. */
      readonly approvers: readonly string[];
      /** Every forbid that took part, lifted ones too, and the permits satisfied at the end. Sorted. */
      readonly forbids: readonly string[];
      readonly permits: readonly string[];
      /** Denied, and no forbid was the reason: nothing permits it. */
      readonly unpermitted: boolean;
    }
  | Extract<Authorization, { kind: "fault" }>;

export type Question = {
  readonly authorize: (approvals: readonly string[]) => Authorization;
  readonly approverOf: (policyId: string) => string | undefined;
  /** Approvals that people have given. */
  readonly granted: readonly string[];
};

// More teams than this on one action is a mistake in the policies, and each further one costs an evaluation.
const maxRounds = 16;

/**
 * Always begins without any approval, so that the forbids that took part, and with them what an approval is bound to,
 * are the same before and after the yes.
 */
export function settleOutcome(question: Question): Outcome {
  const forbids = new Set<string>();
  const needed = new Set<string>();
  let unpermitted = false;
  for (let round = 0; round < maxRounds; round += 1) {
    const answer = question.authorize([...needed].toSorted());
    if (answer.kind === "fault") return answer;
    if (answer.decision === "allow") {
      const given = [...needed].every((team) => question.granted.includes(team));
      return describe(given ? "allow" : "escalate", { approvers: needed, forbids, permits: answer.reasons });
    }
    unpermitted = answer.reasons.length === 0;
    for (const id of answer.reasons) forbids.add(id);
    const teams = answer.reasons.map(question.approverOf);
    const fresh = teams.filter((team) => team !== undefined && !needed.has(team));
    if (fresh.length === 0 || teams.includes(undefined)) break;
    for (const team of fresh) if (team !== undefined) needed.add(team);
  }
  return question.granted.length > 0 ? settleGranted(question, forbids) : deny(forbids, unpermitted);
}

/** Stuck without approvals, but a permit may itself ask for one that was given. */
function settleGranted(question: Question, forbids: ReadonlySet<string>): Outcome {
  const granted = [...new Set(question.granted)].toSorted();
  const answer = question.authorize(granted);
  if (answer.kind === "fault") return answer;
  if (answer.decision === "deny") return deny(new Set([...forbids, ...answer.reasons]), answer.reasons.length === 0);
  return describe("allow", { approvers: new Set(granted), forbids, permits: answer.reasons });
}

function deny(forbids: ReadonlySet<string>, unpermitted: boolean): Outcome {
  return describe("deny", { approvers: new Set(), forbids, permits: [], unpermitted });
}

function describe(
  effect: "allow" | "deny" | "escalate",
  of: {
    readonly approvers: ReadonlySet<string>;
    readonly forbids: ReadonlySet<string>;
    readonly permits: readonly string[];
    readonly unpermitted?: boolean;
  },
): Outcome {
  return {
    kind: "outcome",
    effect,
    approvers: [...of.approvers].toSorted(),
    forbids: [...of.forbids].toSorted(),
    permits: of.permits.toSorted(),
    unpermitted: of.unpermitted ?? false,
  };
}
