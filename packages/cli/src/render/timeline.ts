/** What was done to a business object as a timeline, each effect with a mark and a word for whether it still stands. */
import type { EntityConflict, EntityEffect } from "@airworthy/contract";

import { clean } from "../text/clean.ts";
import { clockText, moneyText } from "../text/moment.ts";
import type { Paint } from "../text/paint.ts";
import { listText } from "../text/value.ts";
import { wrap } from "../text/width.ts";

type Look = { readonly paint: Paint; readonly width: number };
type Standing = { readonly mark: string; readonly word: string; readonly tone: "green" | "yellow" | "red" | "dim" };

/** Lines, the oldest effect first. */
export function timelineLines(
  effects: readonly EntityEffect[],
  conflicts: readonly EntityConflict[],
  look: Look,
): readonly string[] {
  return effects.flatMap((effect, at) => {
    const { paint } = look;
    const standing = standingOf(effect);
    const rail = at === effects.length - 1 ? " " : "│";
    const did = listText([clockText(effect.at).slice(0, 19), whoText(effect), effect.tool]);
    const clashes = conflicts.filter((one) => one.effects[1] === effect.id).map((one) => one.states[0]);
    const details = [
      ...below(listText([leftText(effect), amountText(effect), standing.word], ", "), look).map(paint[standing.tone]),
      ...(clashes.length > 0 ? below(`does not go with ${clashes.join(", ")}`, look).map(paint.red) : []),
      ...(effect.reason === undefined ? [] : below(`“${effect.reason}”`, look)),
      paint.dim(effect.id),
    ];
    const [first = "", ...rest] = below(did, look);
    return [
      `${paint[standing.tone](standing.mark)}  ${first}`,
      ...[...rest, ...details].map((line) => `${paint.dim(rail)}    ${line}`.trimEnd()),
    ];
  });
}

export const whoText = ({ by }: Pick<EntityEffect, "by">): string =>
  by.kind === "person" ? `${by.name} (person)` : by.name;

const below = (text: string, look: Look): readonly string[] => wrap(clean(text), Math.max(20, look.width - 5));

function standingOf(effect: EntityEffect): Standing {
  if (effect.compensatedBy !== undefined) return { mark: "↺", word: "taken back", tone: "dim" };
  if (effect.status === "failed") return { mark: "✕", word: "failed", tone: "dim" };
  if (effect.status === "started") return { mark: "◐", word: "under way", tone: "yellow" };
  if (effect.status === "unknown") return { mark: "◐", word: "perhaps", tone: "yellow" };
  if (effect.holds) return { mark: "■", word: "open", tone: "red" };
  if (effect.stands) return { mark: "●", word: "stands", tone: "green" };
  return { mark: "○", word: "done", tone: "dim" };
}

function leftText({ state, hold, ends, touched }: EntityEffect): string {
  const parts = [
    touched === true && state !== undefined ? `${state} elsewhere` : state,
    hold === "place" ? "hold placed" : hold === "release" ? "hold released" : undefined,
    ends === undefined ? undefined : `ends ${ends.join(", ")}`,
  ];
  return listText(parts, ", ");
}

const amountText = ({ amount, flow }: EntityEffect): string =>
  amount === undefined ? "" : listText([moneyText(amount), flow], " ");
