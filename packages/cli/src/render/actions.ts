/** Actions as a table, as one line of a stream, and whole. */
import type { ActionRecord } from "@airworthy/contract";

import { clean } from "../text/clean.ts";
import { ageText, clockText, moneyText, relativeText } from "../text/moment.ts";
import type { Paint } from "../text/paint.ts";
import { actionPaint } from "../text/status.ts";
import { renderTable } from "../text/table.ts";
import { listText, valueText } from "../text/value.ts";
import { pad } from "../text/width.ts";

type Look = { readonly paint: Paint; readonly width: number; readonly now: number };

const whatText = (action: ActionRecord): string =>
  clean(
    listText([
      action.tool,
      action.entity && `${action.entity.type}:${action.entity.id}`,
      action.amount && moneyText(action.amount),
    ]),
  );

export function renderActions(actions: readonly ActionRecord[], look: Look): string {
  if (actions.length === 0) return "No action matches.\n";
  return renderTable(
    [
      { title: "ACTION" },
      { title: "AGE", align: "right" },
      { title: "STATUS" },
      { title: "AGENT", shrinks: true },
      { title: "WHAT", shrinks: true },
    ],
    actions.map((action) => [
      action.id,
      ageText(action.proposedAt, look.now),
      { text: action.status, paint: actionPaint(action.status, look.paint) },
      clean(action.agent),
      whatText(action),
    ]),
    { width: look.width, title: look.paint.dim },
  );
}

/** One line of `--follow`. */
export function renderActionLine(action: ActionRecord, paint: Paint): string {
  const time = clockText(action.updatedAt).slice(11, 19);
  const status = actionPaint(action.status, paint)(pad(action.status, 8));
  return `${paint.dim(time)}  ${status}  ${action.id}  ${clean(action.agent)}  ${whatText(action)}\n`;
}

export function renderAction(action: ActionRecord, look: Look): string {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["action", action.id],
    ["status", actionPaint(action.status, look.paint)(action.status)],
    ["agent", clean(action.agent)],
    ["what", whatText(action)],
    ["arguments", valueText(action.arguments)],
    ["run", action.run === undefined ? undefined : clean(action.run)],
    ["proposed", `${relativeText(action.proposedAt, look.now)} (${clockText(action.proposedAt)})`],
    ["decision", action.decision && listText([action.decision.effect, ...action.decision.approvers.map(clean)])],
    ...(action.decision?.reasons ?? []).map((reason) => ["", clean(`${reason.effect}: ${reason.detail}`)] as const),
    ["result", action.result === undefined ? undefined : valueText(action.result)],
    ["error", action.error && clean(`${action.error.code}: ${action.error.message}`)],
    ["approval", action.approval],
  ];
  const lines = rows.filter((row): row is readonly [string, string] => row[1] !== undefined);
  return lines.map(([label, text]) => `${look.paint.dim(pad(label, 9))}  ${text}\n`).join("");
}
