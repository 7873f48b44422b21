/** What became of the action, in the sentence that the server made from the record. */
import { clean } from "../text/clean.ts";
import { clockText, moneyText, relativeText } from "../text/moment.ts";
import { actionPaint } from "../text/status.ts";
import { listText } from "../text/value.ts";
import { textLines } from "./lines.ts";
import type { Section } from "./look.ts";

export const renderVerdict: Section = ({ action, sentence }, look) => {
  const { paint } = look;
  const status = actionPaint(action.status, paint)(paint.bold(action.status.toUpperCase()));
  const what = listText([
    action.tool,
    action.entity && `${action.entity.type}:${action.entity.id}`,
    action.amount && moneyText(action.amount),
  ]);
  return [
    `${status}  ${paint.bold(clean(what))}`,
    ...textLines(sentence, look, { margin: "" }),
    "",
    ...textLines(`${action.id} by ${action.agent}${action.run === undefined ? "" : `, run ${action.run}`}`, look, {
      margin: "",
      paint: paint.dim,
    }),
    ...textLines(
      `proposed ${relativeText(action.proposedAt, look.now)} (${clockText(action.proposedAt)})${walksText(action.walks)}`,
      look,
      { margin: "", paint: paint.dim },
    ),
  ];
};

const walksText = (walks: number): string => (walks > 1 ? `, looked at afresh ${walks - 1}×` : "");
