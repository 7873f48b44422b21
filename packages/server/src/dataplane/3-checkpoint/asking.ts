/** Who asks about the business objects, and as what: others are others than this agent. */
import type { PlannedAction } from "../../kernel/action-walk.ts";
import { actorOf } from "../../kernel/entities/actor.ts";
import type { Asking } from "../../kernel/entities/telling.ts";

export const askingOf = ({ agent, context }: PlannedAction, nowMs: number): Asking => ({
  by: actorOf(agent),
  outcome: context.tool?.definition.outcome,
  nowMs,
});
