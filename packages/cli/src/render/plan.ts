/** A plan as its consequences: findings apart, changes by group, then what the recorded past would have been. */
import type { Change, Plan } from "@airworthy/contract";

import { clean } from "../text/clean.ts";
import type { Paint } from "../text/paint.ts";
import { effectPaint } from "../text/status.ts";
import { countText, digestText } from "../text/value.ts";

const signs: Record<Change["kind"], { readonly sign: string; readonly tone: "green" | "red" | "yellow" }> = {
  added: { sign: "+", tone: "green" },
  removed: { sign: "-", tone: "red" },
  changed: { sign: "~", tone: "yellow" },
};

const shownExamples = 10;

export function renderPlan(plan: Plan, paint: Paint): string {
  const lines = [
    plan.changes.length === 0 ? "No changes." : paint.bold(`${countText(plan.changes.length, "change")}:`),
    ...groupLines(plan.changes, paint),
    "",
    ...previewLines(plan, paint),
    "",
    paint.dim(
      clean(
        `tenant ${plan.tenant}, on top of snapshot ${plan.base.version} (${digestText(plan.base.digest)}), new ${digestText(plan.digest)}`,
      ),
    ),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function groupLines(changes: readonly Change[], paint: Paint): readonly string[] {
  // The server sends the changes in the order a reader should see them, so groups keep the order of first mention.
  const groups = [...new Set(changes.map((change) => change.group))];
  return groups.flatMap((group) => [
    `  ${paint.dim(group)}`,
    ...changes
      .filter((change) => change.group === group)
      .map((change) => {
        const { sign, tone } = signs[change.kind];
        return `    ${paint[tone](sign)} ${clean(change.name)}  ${clean(change.detail)}`;
      }),
  ]);
}

function previewLines(plan: Plan, paint: Paint): readonly string[] {
  const { replayed, same, changed, unjudgeable } = plan.preview;
  if (replayed === 0) return ["No recorded decisions were replayed."];
  const head = `Replayed ${countText(replayed, "recorded decision")}: ${same} the same, ${changed.length} different, ${unjudgeable} no longer judgeable.`;
  const examples = changed.slice(0, shownExamples).map((each) => {
    const was = effectPaint(each.was, paint)(each.was);
    const now = effectPaint(each.now, paint)(each.now);
    return `  ${was} → ${now}  ${clean(`${each.action}  ${each.agent}  ${each.tool}  ${each.detail}`)}`;
  });
  const more = changed.length - examples.length;
  return [head, ...examples, ...(more > 0 ? [`  and ${more} more (--json shows all)`] : [])];
}
