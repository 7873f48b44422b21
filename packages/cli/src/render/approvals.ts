/** Approvals as a table. */
import type { Approval } from "@airworthy/contract";

import { clean } from "../text/clean.ts";
import { ageText, moneyText, relativeText } from "../text/moment.ts";
import type { Paint } from "../text/paint.ts";
import { approvalPaint } from "../text/status.ts";
import { renderTable } from "../text/table.ts";
import { listText } from "../text/value.ts";

export function renderApprovals(
  approvals: readonly Approval[],
  look: { readonly paint: Paint; readonly width: number; readonly now: number },
): string {
  if (approvals.length === 0) return "No approval matches.\n";
  return renderTable(
    [
      { title: "APPROVAL" },
      { title: "AGE", align: "right" },
      { title: "STATUS" },
      { title: "NEEDS", shrinks: true },
      { title: "WHAT", shrinks: true },
      { title: "AGENT", shrinks: true },
      { title: "EXPIRES", shrinks: true },
    ],
    approvals.map((approval) => [
      approval.id,
      ageText(approval.requestedAt, look.now),
      { text: approval.status, paint: approvalPaint(approval.status, look.paint) },
      clean(approval.approvers.join(", ")),
      clean(
        listText([
          approval.tool,
          approval.entity && `${approval.entity.type}:${approval.entity.id}`,
          approval.amount && moneyText(approval.amount),
        ]),
      ),
      clean(approval.agent),
      approval.status === "pending" ? relativeText(approval.expiresAt, look.now) : "",
    ]),
    { width: look.width, title: look.paint.dim },
  );
}
