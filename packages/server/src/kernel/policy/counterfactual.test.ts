/** The three outcomes, against an authorizer written by hand. */
import { describe, expect, it } from "vitest";

import type { Authorization } from "./cedar-authorize.ts";
import { settleOutcome } from "./counterfactual.ts";

type Forbid = { readonly id: string; readonly approver?: string };

function ask(
  rules: { forbids: readonly Forbid[]; permits: readonly { id: string; needs?: string }[] },
  granted: readonly string[] = [],
) {
  const asked: (readonly string[])[] = [];
  const outcome = settleOutcome({
    granted,
    approverOf: (id) => rules.forbids.find((forbid) => forbid.id === id)?.approver,
    authorize: (approvals): Authorization => {
      asked.push(approvals);
      const forbids = rules.forbids.filter(({ approver }) => approver === undefined || !approvals.includes(approver));
      const permits = rules.permits.filter(({ needs }) => needs === undefined || approvals.includes(needs));
      if (forbids.length > 0) return { kind: "answer", decision: "deny", reasons: forbids.map(({ id }) => id) };
      const decision = permits.length > 0 ? "allow" : "deny";
      return { kind: "answer", decision, reasons: permits.map(({ id }) => id) };
    },
  });
  return { outcome, asked };
}

const base = { id: "base" };
const big = { id: "big", approver: "finance" };
const odd = { id: "odd", approver: "legal" };

describe("settleOutcome", () => {
  it("allows what is permitted, with one evaluation", () => {
    const { outcome, asked } = ask({ forbids: [], permits: [base] });
    expect(outcome).toMatchObject({ effect: "allow", approvers: [], forbids: [], permits: ["base"] });
    expect(asked).toEqual([[]]);
  });

  it("denies what nothing permits and what a plain forbid forbids, without asking about approvals", () => {
    expect(ask({ forbids: [], permits: [] }).outcome).toMatchObject({ effect: "deny", forbids: [], unpermitted: true });
    const hard = ask({ forbids: [big, { id: "never" }], permits: [base] });
    expect(hard.outcome).toMatchObject({
      effect: "deny",
      approvers: [],
      forbids: ["big", "never"],
      unpermitted: false,
    });
    expect(hard.asked).toEqual([[]]);
  });

  it("escalates to one team, or to all that are needed", () => {
    expect(ask({ forbids: [big], permits: [base] }).outcome).toMatchObject({
      effect: "escalate",
      approvers: ["finance"],
      forbids: ["big"],
      permits: ["base"],
    });
    expect(ask({ forbids: [odd, big], permits: [base] }).outcome).toMatchObject({
      effect: "escalate",
      approvers: ["finance", "legal"],
    });
  });

  it("denies when approvals would not be enough", () => {
    expect(ask({ forbids: [big], permits: [] }).outcome).toMatchObject({
      effect: "deny",
      approvers: [],
      forbids: ["big"],
      unpermitted: true,
    });
  });

  it("allows after the yes, with the same policies taking part as before it", () => {
    const before = ask({ forbids: [odd, big], permits: [base] }).outcome;
    const after = ask({ forbids: [odd, big], permits: [base] }, ["legal", "finance", "other"]).outcome;
    expect(after).toEqual({ ...before, effect: "allow" });
  });

  it("still asks for the complete set when only one of two has said yes", () => {
    expect(ask({ forbids: [odd, big], permits: [base] }, ["legal"]).outcome).toMatchObject({
      effect: "escalate",
      approvers: ["finance", "legal"],
    });
  });

  it("lets a permit count an approval that was given, and never escalates to one", () => {
    const permits = [{ id: "with-yes", needs: "finance" }];
    expect(ask({ forbids: [], permits }).outcome).toMatchObject({ effect: "deny" });
    expect(ask({ forbids: [], permits }, ["finance"]).outcome).toMatchObject({
      effect: "allow",
      permits: ["with-yes"],
    });
  });

  it("stops when approvals change nothing, however the policies are written", () => {
    let asked = 0;
    const outcome = settleOutcome({
      granted: [],
      approverOf: (id) => id,
      authorize: () => {
        asked += 1;
        return { kind: "answer", decision: "deny", reasons: [`team-${asked}`] };
      },
    });
    expect(outcome).toMatchObject({ effect: "deny" });
    expect(asked).toBe(16);
  });

  it("is a fault as soon as one evaluation is", () => {
    const fault: Authorization = { kind: "fault", detail: "overflow", thrown: false, errored: ["big"] };
    const answers: Authorization[] = [{ kind: "answer", decision: "deny", reasons: ["big"] }, fault];
    const outcome = settleOutcome({
      granted: [],
      approverOf: () => "finance",
      authorize: () => answers.shift() ?? fault,
    });
    expect(outcome).toBe(fault);
  });
});
