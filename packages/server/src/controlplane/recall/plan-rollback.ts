/** Plans the recall of single actions and of whole runs: their own effects, newest first. */
import { AirworthyError } from "@airworthy/contract";
import type {
  GovernedTool,
  Json,
  RecallAmount,
  RecallChoices,
  RecallGroup,
  RecallItem,
  RecallPlan,
  Snapshot,
} from "@airworthy/contract";

import type { StoredAction } from "../../kernel/action-store.ts";
import { canonicalJson, sha256Hex } from "../../kernel/canonical.ts";
import type { Clock, Control } from "../../kernel/deps.ts";
import { describeCompensation } from "../../kernel/describe-compensation.ts";
import { newId } from "../../kernel/ids.ts";
import type { RecallPlanner, RecallRequest } from "../../kernel/recall-planner.ts";

export type RollbackDeps = {
  readonly clock: Clock;
  readonly control: Control;
  readonly actionsOf: (tenant: string, selector: RecallRequest["selector"]) => Promise<readonly StoredAction[]>;
  readonly compensatedBy: (tenant: string, ids: readonly string[]) => Promise<ReadonlySet<string>>;
};
const validMs = 3_600_000;
const usual = { reversible: "compensate", externally_reversible: "compensate", irreversible: "manual" } as const;

export function createRollbackPlanner(deps: RollbackDeps): RecallPlanner {
  return {
    plan: async (tenant, { selector, choices, by }) => {
      if (selector.from !== "action" && selector.from !== "run") throw notYet(selector.from);
      const { snapshot } = await deps.control.view(tenant);
      const actions = await deps.actionsOf(tenant, selector);
      const before = await deps.compensatedBy(
        tenant,
        actions.map(({ record }) => record.id),
      );
      const items = actions.map((action, order) => describeItem(action, { order, snapshot, choices, before }));
      const now = deps.clock.now();
      const content = {
        schema: "airworthy.recall/1" as const,
        id: newId("rcl", now),
        tenant,
        selector,
        choices,
        madeBy: by,
        madeAt: new Date(now).toISOString(),
        expiresAt: new Date(now + validMs).toISOString(),
        snapshot: { version: snapshot.version, digest: snapshot.digest },
        limits: { fourEyesAbove: snapshot.recall?.fourEyes.above ?? [] },
        groups: {
          reversible: sum(items, "reversible"),
          externally_reversible: sum(items, "externally_reversible"),
          irreversible: sum(items, "irreversible"),
          compensated: sum(items, "compensated"),
          without_effect: sum(items, "without_effect"),
        },
        items,
        alsoTouched: [],
        alsoTouchedCount: 0,
        entities: countBy(items.flatMap(({ entity }) => (entity ? [`${entity.type}:${entity.id}`] : []))).map(
          ({ name, actions: count }) => ({ entity: name, actions: count }),
        ),
        people: { approvers: [], owners: [], recipients: [] },
        picture: digest(items.map(({ action, status, group }) => [action, status, group])),
      };
      return { ...content, digest: digest(content) };
    },
  };
}

type At = {
  readonly order: number;
  readonly snapshot: Snapshot;
  readonly choices: RecallChoices;
  readonly before: ReadonlySet<string>;
};

function describeItem(stored: StoredAction, { order, snapshot, choices, before }: At): RecallItem {
  const { id, agent, tool: name, updatedAt: at, status, entity, amount } = stored.record;
  const tool = Object.hasOwn(snapshot.tools, name) ? snapshot.tools[name] : undefined;
  const group: RecallGroup = before.has(id) ? "compensated" : groupOf(status, tool);
  const choice = chooseFor(group, choices);
  const compensation =
    tool && (choice === "compensate" || choice === "notify") ? describeCompensation(stored, tool, choice) : undefined;
  const told = { ...(entity ? { entity } : {}), ...(amount ? { amount } : {}) };
  const common = { action: id, agent, tool: name, at, status, ...told, group, depth: 0, because: [], choice };
  return { ...common, ...(compensation ? { compensation } : {}), reverseOrder: order };
}

function chooseFor(group: RecallGroup, choices: RecallChoices): RecallItem["choice"] {
  return group === "compensated" || group === "without_effect" ? "leave" : (choices[group] ?? usual[group]);
}

function groupOf(status: string, tool: GovernedTool | undefined): Exclude<RecallGroup, "compensated"> {
  if (status !== "done" || tool?.effect === "read") return "without_effect";
  const { reversibility = "irreversible" } = tool ?? {};
  return reversibility === "read_only" ? "without_effect" : reversibility;
}

function sum(items: readonly RecallItem[], group: RecallGroup): RecallPlan["groups"][RecallGroup] {
  const mine = items.filter((item) => item.group === group);
  const amounts = new Map<string, RecallAmount>();
  for (const { amount } of mine) {
    if (!amount) continue;
    const before = amounts.get(amount.currency) ?? { currency: amount.currency, minor: 0, count: 0 };
    amounts.set(amount.currency, { ...before, minor: before.minor + amount.minor, count: before.count + 1 });
  }
  return { count: mine.length, amounts: [...amounts.values()], choice: mine[0]?.choice ?? "leave" };
}

function countBy(names: readonly string[]): { name: string; actions: number }[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, actions]) => ({ name, actions }));
}

function digest(value: unknown): string {
  const copy: Json = JSON.parse(JSON.stringify(value));
  return sha256Hex(canonicalJson(copy));
}

function notYet(from: string): AirworthyError {
  return new AirworthyError("invalid_input", `A recall from a ${from} cannot be planned.`, {
    place: "$.selector.from",
    fix: "Start from an action or a run.",
  });
}
