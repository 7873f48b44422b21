/** "Why did it do this?": the verdict in words, made from the record by template, never by a model. */
import type { ActionRecord, Approval, Explanation, Reason } from "@airworthy/contract";

import type { ActionAccount } from "../../kernel/control-store.ts";
import { amountText } from "../../kernel/amount-text.ts";
import { tellEffects } from "../../kernel/entities/tell-effects.ts";
import { tellByLedger } from "./tell-by-ledger.ts";

export function explainAction(account: ActionAccount, approval: Approval | undefined): Explanation {
  const { action, remarks } = tellByLedger(account);
  const { effect, proof } = account;
  return {
    sentence: [...remarks, describeVerdict(action, approval), ...describeFacts(action)].join(" "),
    action,
    ...(approval ? { approval } : {}),
    ...(effect ? { effect } : {}),
    proof,
  };
}

/** One template a status; a status without one does not compile. */
const verdicts: Record<ActionRecord["status"], (about: About) => string> = {
  done: ({ what, why, approval }) =>
    `Carried out: ${what}, ${approval ? describeSignOffs(approval) : `allowed because ${why || "a policy permits it"}`}.`,
  waiting: ({ what, why, approval }) =>
    approval?.status === "approved"
      ? `Approved, and not carried out yet: ${what}, because ${why}.`
      : `Held for ${(approval?.approvers ?? []).join(" and ")}: ${what}, because ${why}.`,
  refused: ({ what, why }) => `Refused: ${what}, because ${why}.`,
  failed: ({ what, error }) => `Failed: ${what}. ${error}`.trim(),
  unknown: ({ what, error }) => `Unknown whether it happened: ${what}. ${error}`.trim(),
  shadowed: ({ what, why }) =>
    `Decided but not carried out, since the agent is not in production: ${what}; ${why || "it would have been allowed"}.`,
  running: ({ what }) => `Not over yet: ${what}.`,
  queued: ({ what }) => `Not over yet: ${what}.`,
};
type About = {
  readonly what: string;
  readonly why: string;
  readonly error: string;
  readonly approval: Approval | undefined;
};

function describeVerdict(action: ActionRecord, approval: Approval | undefined): string {
  const what = `${action.tool}${describeAmount(action)}`;
  return verdicts[action.status]({ what, why: describeReasons(action), error: action.error?.message ?? "", approval });
}

function describeAmount({ amount }: ActionRecord): string {
  return amount ? ` of ${amountText(amount)}` : "";
}

function describeReasons({ decision }: ActionRecord): string {
  const telling = (decision?.reasons ?? []).filter((reason) => reason.effect === decision?.effect);
  return telling.map(describeReason).join("; ");
}

function describeReason({ detail, policy, effects = [] }: Reason): string {
  const text = (policy?.title ?? detail).replace(/\.$/, "");
  // The title alone does not say what others did; the detail does already.
  return policy?.title === undefined || effects.length === 0 ? text : `${text} (${tellEffects(effects)})`;
}

function describeSignOffs({ signOffs }: Approval): string {
  return `approved by ${signOffs.map((signOff) => `${signOff.by} for ${signOff.team}`).join(" and ")}`;
}

/** One sentence for inputs that had to be read again: the agent did not know what we found. */
function describeFacts({ facts }: ActionRecord): string[] {
  return facts.flatMap((used) => {
    if (used.how !== "reread") return [];
    const same = JSON.stringify(used.believed?.value) === JSON.stringify(used.value);
    const believed = JSON.stringify(used.believed?.value);
    const limit = `the limit is ${Math.round(used.maxAgeMs / 1000)} s`;
    return [
      same
        ? `The agent's value of ${used.fact} was too old (${limit}); read again at ${used.source}, it was still ${believed}.`
        : `The agent's value of ${used.fact} was too old (${limit}): it held ${believed}, and ${used.source} says ${JSON.stringify(used.value)}.`,
    ];
  });
}
