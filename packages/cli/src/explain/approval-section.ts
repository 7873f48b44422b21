/** Who was asked, who answered what, and whether the answer still holds. */
import type { Approval, ApprovalStatus } from "@airworthy/contract";

import { clean } from "../text/clean.ts";
import { relativeText } from "../text/moment.ts";
import { approvalPaint } from "../text/status.ts";
import { digestText } from "../text/value.ts";
import { pad, widthOf } from "../text/width.ts";
import { indent, pairLines, textLines, titleLine } from "./lines.ts";
import type { Look, Section } from "./look.ts";

export const renderApproval: Section = ({ approval }, look) => {
  if (approval === undefined) return [];
  const status = approvalPaint(approval.status, look.paint)(approval.status);
  return [
    titleLine("Approval", look),
    `${indent}${status}  ${look.paint.dim(approval.id)}`,
    ...textLines(meaningOf(approval), look),
    ...pairLines(
      [
        ["asked", `${relativeText(approval.requestedAt, look.now)} of ${teamsText(approval)}`],
        ["missing", missingText(approval)],
        [
          "expires",
          approval.status === "pending" || approval.status === "approved"
            ? relativeText(approval.expiresAt, look.now)
            : undefined,
        ],
        ["bound to", `${digestText(approval.binding)}, the digest of exactly what was shown`],
      ],
      look,
    ),
    ...approval.signOffs.flatMap((signOff) => signOffLines(signOff, look)),
  ];
};

const meaning: Record<ApprovalStatus, string> = {
  pending: "It waits for a person.",
  approved: "Everyone needed said yes.",
  rejected: "A person said no.",
  expired: "Nobody answered in time.",
  stale: "What was shown has changed since, so the answer no longer holds and is asked again.",
  consumed: "Everyone needed said yes, and the yes was used for this one action.",
};

/** A yes that could not be used in its time is not the same as silence. */
function meaningOf({ status, approvers, signOffs }: Approval): string {
  const isComplete = approvers.every((team) => signOffs.some((signOff) => signOff.team === team));
  return status === "expired" && isComplete
    ? "Everyone needed said yes, and it could not be carried out before that ran out."
    : meaning[status];
}

const teamsText = (approval: Approval): string =>
  approval.approvers.length === 0 ? "nobody" : approval.approvers.join(" and ");

function missingText(approval: Approval): string | undefined {
  const answered = new Set(approval.signOffs.map((signOff) => signOff.team));
  const missing = approval.approvers.filter((team) => !answered.has(team));
  return approval.status === "pending" && missing.length > 0 ? missing.join(", ") : undefined;
}

function signOffLines(signOff: Approval["signOffs"][number], look: Look): readonly string[] {
  const verdict = signOff.verdict === "approve" ? look.paint.green("yes") : look.paint.red("no");
  const space = pad("", 4 - (signOff.verdict === "approve" ? 3 : 2));
  const who = clean(`${signOff.by} for ${signOff.team}, ${relativeText(signOff.at, look.now)}`);
  const fits = widthOf(who) + indent.length + 4 <= look.width;
  const head = fits ? [`${indent}${verdict}${space}${who}`] : [`${indent}${verdict}`, ...textLines(who, look)];
  return [...head, ...textLines(`“${signOff.reason}”`, look, { margin: `${indent}    ` })];
}
