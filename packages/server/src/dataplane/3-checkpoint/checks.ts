/** The checks that stand before policy, in the order a reader of a decision sees them. Each looks at one thing. */
import type { Reason, Stop } from "@airworthy/contract";

import { keyOf } from "../../kernel/action-keys.ts";
import type { Entity, PlannedAction } from "../../kernel/action-walk.ts";

export type Check = { readonly name: string; readonly look: (action: PlannedAction) => readonly Reason[] };

/** More identical calls than this within ten minutes is a loop, not work. Reading again is how an agent keeps watch. */
const repeatsMax = { write: 25, read: 1000 } as const;

export const checks: readonly Check[] = [
  { name: "stop", look: (action) => action.view.stops.filter((stop) => applies(stop, reachOf(action))).map(stopped) },
  { name: "context", look: ({ context }) => context.problems },
  {
    name: "level",
    look: ({ context }) =>
      context.agent?.level === "intern" && context.tool?.effect === "write"
        ? [deny("level_cap", `Agent ${context.agent.name} is an intern: it may read, and change nothing.`)]
        : [],
  },
  {
    name: "loop",
    look: ({ step, tool, context }) =>
      step.repeats >= repeatsMax[context.tool?.effect ?? "write"]
        ? [deny("loop", `The same call of ${tool} was made ${step.repeats} times in ten minutes.`)]
        : [],
  },
  { name: "budget", look: (action) => action.step.budgets.flatMap((budget) => overdrawn(action, budget)) },
];

/** What of an action a stop may name. */
type Reach = {
  readonly agent: string;
  readonly tool: string;
  readonly effect: "read" | "write";
  /** The business object it is about, and those it touches. */
  readonly entities: readonly Entity[];
};

function reachOf({ agent, tool, context }: PlannedAction): Reach {
  const { entity, touches, tool: declared } = context;
  return { agent, tool, effect: declared?.effect ?? "write", entities: [...(entity ? [entity] : []), ...touches] };
}

export function applies(stop: Stop, { agent, tool, effect, entities }: Reach): boolean {
  if (stop.mode === "deny_writes" && effect === "read") return false;
  switch (stop.scope.kind) {
    case "all":
      return true;
    case "agent":
      return stop.scope.agent === agent;
    case "tool":
      return stop.scope.tool === tool;
    case "entity":
      return reaches(entities, stop.scope.entity);
  }
}

const reaches = (entities: readonly Entity[], key: string): boolean => entities.some((entity) => keyOf(entity) === key);

const stopped = (stop: Stop): Reason =>
  deny("stopped", `Stopped by ${stop.by} (${stop.id}): ${stop.reason}. Nothing is done until the stop is lifted.`);

function overdrawn({ context }: PlannedAction, budget: PlannedAction["step"]["budgets"][number]): Reason[] {
  if (!context.amount) return [];
  const { name, window, usedMinor, limitMinor, currency } = budget;
  if (context.amount.currency !== currency) {
    return [
      deny("budget_currency", `Budget ${name} counts in ${currency}; this action is in ${context.amount.currency}.`),
    ];
  }
  if (usedMinor + context.amount.minor <= limitMinor) return [];
  const spoken = `${usedMinor} of ${limitMinor} ${currency} minor units are used in ${window}`;
  return [deny("budget_exceeded", `Budget ${name} has no room for ${context.amount.minor}: ${spoken}.`)];
}

function deny(code: string, detail: string): Reason {
  return { code, effect: "deny", detail };
}
