/** A reason that rests on what others did to the same business object names those effects, for the agent and the approver alike. */
import type { Reason } from "@airworthy/contract";

import type { PlannedAction } from "../../kernel/action-walk.ts";
import { everyAttribute } from "../../kernel/entities/entity-reads.ts";
import { toShown } from "../../kernel/entities/picture.ts";
import { listTelling, type Telling, type ToldEffect } from "../../kernel/entities/telling.ts";
import { tellEffects } from "../../kernel/entities/tell-effects.ts";
import { askingOf } from "./asking.ts";

type Of = {
  readonly action: PlannedAction;
  /** The attributes of `context.env.entity` that the policy reads. */
  readonly reads: readonly string[];
  readonly nowMs: number;
};

const shownMax = 24;

export function withOthers(reason: Reason, { action, reads, nowMs }: Of): Reason {
  if (reads.length === 0) return reason;
  const effects = pickEffects(listTelling(action.context.entities, askingOf(action, nowMs)), reads);
  if (effects.length === 0) return reason;
  const detail = `${reason.detail.replace(/\.$/, "")}. What was done before: ${tellEffects(effects)}`;
  return { ...reason, detail, effects: effects.slice(0, shownMax).map(toShown) };
}

function pickEffects(told: Telling, reads: readonly string[]): readonly ToldEffect[] {
  const asked = (name: string): boolean => reads.includes(name) || reads.includes(everyAttribute);
  const picked = Object.entries(told).flatMap(([name, effects]) => (asked(name) ? effects : []));
  const moved = asked("net") ? told.recent.filter((one) => one.amount !== undefined && one.flow !== undefined) : [];
  // An action that touched two of the business objects is told once.
  const once = new Map([...picked, ...moved].map((one) => [one.id, one]));
  return [...once.values()].toSorted((a, b) => (a.at < b.at ? -1 : 1));
}
