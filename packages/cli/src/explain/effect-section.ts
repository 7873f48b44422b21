/** What happened in the world, or that nothing did. */
import type { ActionStatus, Explanation } from "@airworthy/contract";

import { clockText, spanText } from "../text/moment.ts";
import { valueText } from "../text/value.ts";
import { cut } from "../text/width.ts";
import { pairLines, textLines, titleLine } from "./lines.ts";
import type { Section } from "./look.ts";

export const renderEffect: Section = ({ action, effect }, look) => {
  const outcome = [
    ["result", action.result === undefined ? undefined : cut(valueText(action.result), 800)],
    ["error", action.error === undefined ? undefined : `${action.error.code}: ${action.error.message}`],
  ] as const;
  if (effect === undefined) {
    return [titleLine("Effect", look), ...textLines(withoutEffect[action.status], look), ...pairLines(outcome, look)];
  }
  const unknown = action.status === "unknown" ? textLines(unknownText, look, { paint: look.paint.yellow }) : [];
  return [
    titleLine("Effect", look),
    ...unknown,
    ...pairLines(
      [
        ["state", effect.state],
        ["through", effect.connector],
        ["when", whenText(effect)],
        ["undo", undoText(effect)],
        ["key", effect.idempotencyKey],
        ...outcome,
      ],
      look,
    ),
  ];
};

const unknownText =
  "It was sent, and whether it happened is not established. It is never sent again until a person says what became of it.";

const nothing = "Nothing was done in the world.";
const withoutEffect: Record<ActionStatus, string> = {
  running: "Nothing has been done in the world yet.",
  waiting: "Nothing has been done in the world yet.",
  queued: "Nothing has been done in the world yet.",
  done: "No effect was recorded.",
  refused: nothing,
  failed: nothing,
  shadowed: `${nothing} The agent is in shadow: its actions are judged and recorded only.`,
  unknown: "No effect was recorded.",
};

type EffectRecord = NonNullable<Explanation["effect"]>;

function whenText(effect: EffectRecord): string {
  const started = `started ${clockText(effect.startedAt)}`;
  if (effect.endedAt === undefined) return `${started}, end not recorded`;
  const tookMs = Date.parse(effect.endedAt) - Date.parse(effect.startedAt);
  return Number.isNaN(tookMs) ? started : `${started}, took ${spanText(tookMs)}`;
}

function undoText(effect: EffectRecord): string {
  const word = effect.reversibility.replaceAll("_", " ");
  if (effect.compensatedBy !== undefined) return `taken back, by ${effect.compensatedBy}`;
  return effect.compensate === undefined ? word : `${word}, by ${effect.compensate}`;
}
