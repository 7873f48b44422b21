/** Why it was decided so: each reason, the rule behind it and where that rule stands. */
import type { Reason } from "@airworthy/contract";

import { spanText } from "../text/moment.ts";
import { effectPaint } from "../text/status.ts";
import { digestText, valueText } from "../text/value.ts";
import { pad, widthOf } from "../text/width.ts";
import { indent, textLines, titleLine } from "./lines.ts";
import type { Look, Section } from "./look.ts";

const margin = `${indent}${" ".repeat(10)}`;

export const renderRules: Section = ({ action: { decision } }, look) => {
  if (decision === undefined) return [titleLine("Rules", look), ...textLines("It has not been judged.", look)];
  const { snapshot } = decision;
  return [
    titleLine("Rules", look),
    ...(decision.reasons.length === 0 ? textLines("No reason was recorded.", look) : []),
    ...decision.reasons.flatMap((reason) => reasonLines(reason, look)),
    ...textLines(`judged by snapshot ${snapshot.version} (${digestText(snapshot.digest)})`, look, {
      paint: look.paint.dim,
    }),
  ];
};

function reasonLines(reason: Reason, look: Look): readonly string[] {
  const [first = "", ...rest] = textLines(reason.detail, look, { margin });
  const effect = effectPaint(reason.effect, look.paint)(reason.effect);
  const space = pad("", 10 - widthOf(reason.effect));
  return [
    `${indent}${effect}${space}${first.slice(margin.length)}`,
    ...rest,
    ...textLines(placeText(reason), look, { margin, paint: look.paint.dim }),
    ...(reason.fact === undefined ? [] : textLines(factText(reason.fact), look, { margin })),
  ];
}

function placeText(reason: Reason): string {
  if (reason.policy === undefined) return reason.code;
  const { id, title, file, line } = reason.policy;
  return `${file}:${line}  ${title === undefined ? id : `${title} (${id})`}  ${reason.code}`;
}

function factText(fact: NonNullable<Reason["fact"]>): string {
  const parts = [
    fact.was === undefined ? undefined : `was ${valueText(fact.was)}`,
    fact.now === undefined ? undefined : `now ${valueText(fact.now)}`,
    fact.ageMs === undefined ? undefined : `age ${spanText(fact.ageMs)}`,
    fact.maxAgeMs === undefined ? undefined : `limit ${spanText(fact.maxAgeMs)}`,
  ].filter((part) => part !== undefined);
  return `${fact.name} of ${fact.key}${parts.length === 0 ? "" : `: ${parts.join(", ")}`}`;
}
