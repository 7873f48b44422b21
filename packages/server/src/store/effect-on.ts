/** The effect that an action begins on one of its business objects. */
import type { ToolOutcome } from "@airworthy/contract";

import { keyOf } from "../kernel/action-keys.ts";
import type { PermittedAction } from "../kernel/action-walk.ts";
import { actorOf } from "../kernel/entities/actor.ts";
import type { NewEffect } from "../kernel/entities/fold.ts";

/** State and hold are of the object that the action is about; what it touches sees who, what and how much. */
export function effectOn(key: string, action: PermittedAction, nowMs: number): Omit<NewEffect, "seq"> {
  const { entity, amount, tool } = action.context;
  const outcome = tool?.definition.outcome ?? {};
  const own = entity !== undefined && key === keyOf(entity);
  return {
    id: action.id,
    by: actorOf(action.agent),
    tool: action.tool,
    at: new Date(nowMs).toISOString(),
    status: "started",
    ...(outcome.state === undefined ? {} : { state: outcome.state }),
    ...(outcome.flow === undefined ? {} : { flow: outcome.flow }),
    ...(amount === undefined ? {} : { amount }),
    ...(own ? ownPart(outcome) : { touched: true }),
  };
}

function ownPart({ contradicts, ends, hold }: ToolOutcome): Pick<NewEffect, "contradicts" | "ends" | "hold"> {
  return {
    ...(contradicts === undefined ? {} : { contradicts }),
    ...(ends === undefined ? {} : { ends }),
    ...(hold === undefined ? {} : { hold }),
  };
}
