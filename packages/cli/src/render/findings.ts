/** One finding about data, for people: what changed in a sentence, how certain it is, and both histograms. */
import type { Picture, ReadinessFinding } from "@airworthy/contract";

import { bar, percentText } from "../text/bars.ts";
import { clean } from "../text/clean.ts";
import type { Paint } from "../text/paint.ts";
import { cut, pad, widthOf, wrap } from "../text/width.ts";

type Look = { readonly paint: Paint; readonly width: number };

export function findingLines(finding: ReadinessFinding, { paint, width }: Look): readonly string[] {
  const tone = finding.severity === "severe" ? paint.red : paint.yellow;
  const what = finding.kind.replaceAll("_", " ");
  const title = `${tone(finding.severity)}  ${finding.field === undefined ? "" : `${paint.bold(clean(finding.field))}  `}${what}`;
  const sentence = wrap(clean(finding.sentence), width - 2).map((line) => `  ${line}`);
  return [
    title,
    ...sentence,
    ...evidenceLines(finding).map((line) => paint.dim(`  ${line}`)),
    ...pictureLines(finding.picture ?? [], { paint, width }),
  ];
}

function evidenceLines({ evidence, stability }: ReadinessFinding): readonly string[] {
  if (evidence === undefined) return [];
  const { test, adjusted, effect, effectName } = evidence;
  const chance = adjusted < 1e-6 ? "below 0.000001" : adjusted.toPrecision(2);
  const index =
    stability === undefined
      ? []
      : [`stability index ${stability.index.toFixed(3)}, limit for these sizes ${stability.limit.toFixed(3)}`];
  return [`${test}: corrected p ${chance}; ${effectName} ${effect.toFixed(3)}`, ...index];
}

/** Both histograms over the same bins, beside each other, on one scale. */
function pictureLines(picture: Picture, { paint, width }: Look): readonly string[] {
  if (picture.length === 0) return [];
  const most = Math.max(...picture.flatMap(({ pilot, production }) => [pilot, production]));
  const labelWidth = Math.min(24, Math.max(...picture.map(({ label }) => widthOf(clean(label)))));
  const percentWidth = 6;
  const columns = Math.min(24, Math.max(6, Math.floor((width - labelWidth - 2 * percentWidth - 8) / 2)));
  const side = (share: number): string =>
    `${percentText(share).padStart(percentWidth)} ${pad(bar(share / most, columns), columns)}`;
  const head = `  ${pad("", labelWidth)}  ${pad("pilot", percentWidth + 1 + columns)}  production`;
  const lines = picture.map(
    ({ label, pilot, production }) =>
      `  ${pad(cut(clean(label), labelWidth), labelWidth)}  ${paint.cyan(side(pilot))}  ${paint.cyan(side(production).trimEnd())}`,
  );
  return [paint.dim(head), ...lines];
}
