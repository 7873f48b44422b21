/** "Why did it do this?": the verdict in words, made from the record by template, never by a model. */
import type { ActionRecord, Approval, Explanation, Reason } from "@airworthy/contract";

export function explainAction(parts: Omit<Explanation, "sentence">): Explanation {
  return {
    sentence: [describeVerdict(parts.action, parts.approval), ...describeFacts(parts.action)].join(" "),
    ...parts,
  };
}

function describeVerdict(action: ActionRecord, approval: Approval | undefined): string {
  const what = `${action.tool}${describeAmount(action)}`;
  const why = describeReasons(action);
  switch (action.status) {
    case "done":
      return `Carried out: ${what}, ${approval ? describeSignOffs(approval) : `allowed because ${why || "a policy permits it"}`}.`;
    case "waiting":
      return `Held for ${(approval?.approvers ?? []).join(" and ")}: ${what}, because ${why}.`;
    case "refused":
      return `Refused: ${what}, because ${why}.`;
    case "failed":
      return `Failed: ${what}. ${action.error?.message ?? ""}`.trim();
    case "unknown":
      return `Unknown whether it happened: ${what}. ${action.error?.message ?? ""}`.trim();
    case "shadowed":
      return `Decided but not carried out, since the agent is not in production: ${what}; ${why || "it would have been allowed"}.`;
    case "running":
    case "queued":
      return `Not over yet: ${what}.`;
  }
}

function describeAmount({ amount }: ActionRecord): string {
  if (!amount) return "";
  const value = new Intl.NumberFormat("en-GB", { style: "currency", currency: amount.currency });
  const digits = value.resolvedOptions().maximumFractionDigits ?? 2;
  return ` of ${value.format(amount.minor / 10 ** digits)}`;
}

function describeReasons({ decision }: ActionRecord): string {
  const telling = (decision?.reasons ?? []).filter((reason) => reason.effect === decision?.effect);
  return telling.map(describeReason).join("; ");
}

function describeReason({ detail, policy }: Reason): string {
  const text = policy?.title ?? detail;
  return text.replace(/\.$/, "");
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
