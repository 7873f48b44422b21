/** The effect that an action begins on one of its business objects. */
import { keyOf } from "../kernel/action-keys.ts";
import type { PermittedAction } from "../kernel/action-walk.ts";
import { actorOf } from "../kernel/entities/actor.ts";
import type { NewEffect } from "../kernel/entities/fold.ts";

/** State and hold are of the object that the action is about; what it touches sees who, what and how much. */
export function effectOn(key: string, action: PermittedAction, nowMs: number): Omit<NewEffect, "seq"> {
  const { entity, amount, tool } = action.context;
  const { state, contradicts, ends, hold, flow } = tool?.definition.outcome ?? {};
  const touched = entity === undefined || key !== keyOf(entity);
  return {
    id: action.id,
    by: actorOf(action.agent),
    tool: action.tool,
    at: new Date(nowMs).toISOString(),
    status: "started",
    ...(touched ? { touched } : {}),
    ...(state === undefined ? {} : { state }),
    ...(contradicts === undefined || touched ? {} : { contradicts }),
    ...(ends === undefined || touched ? {} : { ends }),
    ...(hold === undefined || touched ? {} : { hold }),
    ...(amount === undefined ? {} : { amount }),
    ...(flow === undefined ? {} : { flow }),
  };
}
