/** One business object on a page: what stands, what does not go together, its net, and its timeline. */
import type { ActionRecord, EntityConflict, EntityEffect, EntityNet, EntityRecord } from "@airworthy/contract";

import { clean } from "../text/clean.ts";
import { moneyText, relativeText } from "../text/moment.ts";
import type { Paint } from "../text/paint.ts";
import { listText } from "../text/value.ts";
import { pad, wrap } from "../text/width.ts";
import { timelineLines, whoText } from "./timeline.ts";

type Look = { readonly paint: Paint; readonly width: number; readonly now: number };

/** `waiting`: actions on it that wait for a person. */
export function renderEntity(record: EntityRecord, waiting: readonly ActionRecord[], look: Look): string {
  const { paint } = look;
  const head = `${paint.bold(clean(record.entity))}  ${paint.dim(`version ${record.version}`)}`;
  const say = (label: string, text: string, tone: Tone): string[] => block(label, text, { tone, width: look.width });
  const lines = [
    ...record.conflicts.flatMap((conflict) => say("CONFLICT", conflictText(conflict, { record, look }), paint.red)),
    ...record.holds.flatMap((hold) => say("HOLD", holdText(hold, look), paint.red)),
    ...waiting.flatMap((action) => say("WAITING", waitingText(action), paint.yellow)),
    ...(record.holder === undefined ? [] : say("UNDER WAY", record.holder, paint.yellow)),
    ...say(
      "STANDS",
      clean([...new Set(record.states.map(({ state }) => state ?? ""))].join(", ")) || "nothing",
      paint.green,
    ),
    ...record.net.flatMap((net) => say("NET", netText(net), paint.bold)),
    ...(record.complete
      ? []
      : say("MORE", "More stands on it than is kept at hand; policies are told so.", paint.yellow)),
  ];
  const more = record.next === undefined ? [] : [paint.dim(`… earlier ones: --before ${record.next}`)];
  const timeline = timelineLines(record.effects.toReversed(), record.conflicts, look);
  return [head, ...lines, "", ...more, ...timeline].map((each) => `${each}\n`).join("");
}

type Tone = (text: string) => string;

function block(
  label: string,
  text: string,
  { tone, width }: { readonly tone: Tone; readonly width: number },
): string[] {
  return wrap(text, Math.max(20, width - 11)).map((each, at) => `${tone(pad(at === 0 ? label : "", 9))}  ${each}`);
}

function conflictText(
  { states: [one, other], effects: [first, second] }: EntityConflict,
  { record, look }: { readonly record: EntityRecord; readonly look: Look },
): string {
  const by = (id: string): string => {
    const effect = record.states.find((each) => each.id === id);
    return effect ? ` (${whoText(effect)}, ${relativeText(effect.at, look.now)})` : "";
  };
  return clean(`${one}${by(first)} does not go with ${other}${by(second)}`);
}

function holdText(hold: EntityEffect, look: Look): string {
  const why = hold.reason === undefined ? (hold.tool ?? "") : `“${hold.reason}”`;
  return clean(`${whoText(hold)}, ${relativeText(hold.at, look.now)}: ${why}, ${hold.id}`);
}

const waitingText = (action: ActionRecord): string =>
  clean(listText([action.agent, action.tool, action.amount && moneyText(action.amount), action.id]));

function netText({ currency, inMinor, outMinor, maybeInMinor, maybeOutMinor }: EntityNet): string {
  const money = (minor: number): string => moneyText({ minor, currency });
  const maybe = [
    maybeInMinor === 0 ? undefined : `perhaps ${money(maybeInMinor)} more in`,
    maybeOutMinor === 0 ? undefined : `perhaps ${money(maybeOutMinor)} more out`,
  ];
  const parts = listText([`in ${money(inMinor)}`, `out ${money(outMinor)}`, ...maybe], ", ");
  return `${money(inMinor - outMinor)}  (${parts})`;
}
