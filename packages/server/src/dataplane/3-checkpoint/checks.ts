/** The checks that stand before policy, in the order a reader of a decision sees them. Each looks at one thing. */
import type { Reason, RecallLeave, Stop } from "@airworthy/contract";

import { keyOf } from "../../kernel/action-keys.ts";
import type { Entity, PlannedAction } from "../../kernel/action-walk.ts";

export type Check = { readonly name: string; readonly look: (action: PlannedAction) => readonly Reason[] };

/** More identical calls than this within ten minutes is a loop, not work. Reading again is how an agent keeps watch. */
const repeatsMax = { write: 25, read: 1000 } as const;

export const checks: readonly Check[] = [
  { name: "stop", look: (action) => action.view.stops.filter((stop) => applies(stop, reachOf(action))).map(stopped) },
  {
    name: "recall",
    look: ({ recall, step }) =>
      recall && step.recallRuns !== true
        ? [deny("recall_closed", `Recall ${recall.recall} is not being carried out now, so nothing is taken back.`)]
        : [],
  },
  { name: "context", look: ({ context }) => context.problems },
  { name: "readiness", look: ({ view, context }) => unready(view.notReady, context.tool?.definition.requires_ready) },
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
  /** The business object it is about, those it touches, and that of what it takes back. */
  readonly entities: readonly Entity[];
};

function reachOf({ agent, tool, context, recall }: PlannedAction): Reach {
  const { entity, touches, tool: declared } = context;
  return { agent, tool, effect: declared?.effect ?? "write", entities: entitiesOf({ entity, touches, recall }) };
}

type Touching = {
  readonly entity?: Entity | undefined;
  readonly touches?: readonly Entity[] | undefined;
  readonly recall?: RecallLeave | undefined;
};

/** What takes an action back acts upon that action's object too. */
export function entitiesOf({ entity, touches = [], recall }: Touching): readonly Entity[] {
  return [...(entity ? [entity] : []), ...touches, ...(recall?.entities ?? [])];
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

/** Where a tool asks for it: nothing is done on data that may no longer be what it was. */
function unready(notReady: readonly string[], required: readonly string[] | undefined): Reason[] {
  return (required ?? [])
    .filter((contract) => notReady.includes(contract))
    .map((contract) =>
      deny(
        "source_not_ready",
        `The data under contract ${contract} has changed severely, and nobody has answered that yet. Nothing is done on it until a person does.`,
      ),
    );
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
