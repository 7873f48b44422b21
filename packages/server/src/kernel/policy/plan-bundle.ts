/** Plans how a bundle lies in one slot of the engine: which names hold which tool and which set of policies. */
import type { JudgeCall, PrepareStep } from "./engine-messages.ts";
import type { PolicySource } from "./policy-source.ts";
import { indexPolicies } from "./slice.ts";
import { buildToolSchema } from "./tool-schema.ts";
import type { PolicyTool } from "./tool-schema.ts";

/** A checked bundle: its policies come from `validateBundle` with no finding. */
export type PolicyBundle = {
  readonly tenant: string;
  readonly version: number;
  readonly digest: string;
  readonly policies: readonly PolicySource[];
  readonly tools: readonly PolicyTool[];
};

type ToolPlan = { readonly tool: PolicyTool } & Pick<JudgeCall, "enforce" | "shadow"> & {
    readonly slot: string;
  };
/** A bundle as it lies in one slot. */
export type PlannedBundle = {
  readonly version: number;
  readonly edition: string;
  readonly steps: readonly PrepareStep[];
  readonly plans: ReadonlyMap<string, ToolPlan>;
  readonly policies: ReadonlyMap<string, PolicySource>;
};

/** How many names a slot has ever used. They are used again, for Cedar never forgets a name. */
export type Stock = { readonly tools: number; readonly sets: number };

type Slot = { readonly prefix: string; readonly edition: string; readonly stock: Stock };

/** Tools of the same slice share one set. Names that this bundle does not need are emptied, to give their memory back. */
export function planBundle(
  bundle: PolicyBundle,
  slot: Slot,
): { readonly planned: PlannedBundle; readonly stock: Stock } {
  const { edition } = slot;
  const sliceOf = indexPolicies(bundle.policies);
  const sets = new Map<string, PrepareStep>();
  const nameSet = (policies: readonly PolicySource[]): string => {
    const key = JSON.stringify(policies.map((policy) => policy.id));
    const step = sets.get(key) ?? describeSet({ slot: `${slot.prefix}s${sets.size}`, edition }, policies);
    sets.set(key, step);
    return step.slot;
  };
  const plans = bundle.tools.map((tool, index): ToolPlan => {
    const { enforce, shadow } = sliceOf(tool);
    return {
      tool,
      slot: `${slot.prefix}t${index}`,
      enforce: nameSet(enforce),
      shadow: [
        shadow.filter((policy) => policy.effect === "permit"),
        shadow.filter((policy) => policy.effect === "forbid"),
      ].flatMap((policies) => (policies.length === 0 ? [] : nameSet(policies))),
    };
  });
  const stock: Stock = { tools: Math.max(plans.length, slot.stock.tools), sets: Math.max(sets.size, slot.stock.sets) };
  const steps: readonly PrepareStep[] = [
    ...plans.map((plan): PrepareStep => ({
      kind: "tool",
      slot: plan.slot,
      edition,
      schema: buildToolSchema([plan.tool]),
      tool: plan.tool,
    })),
    ...sets.values(),
    ...range(plans.length, stock.tools).map((index) => describeEmptyTool({ slot: `${slot.prefix}t${index}`, edition })),
    ...range(sets.size, stock.sets).map((index) => describeSet({ slot: `${slot.prefix}s${index}`, edition }, [])),
  ];
  const planned: PlannedBundle = {
    version: bundle.version,
    edition,
    steps,
    plans: new Map(plans.map((plan) => [plan.tool.name, plan])),
    policies: new Map(bundle.policies.map((policy) => [policy.id, policy])),
  };
  return { planned, stock };
}

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);

type SlotName = Pick<PrepareStep, "slot" | "edition">;

function describeSet(name: SlotName, policies: readonly PolicySource[]): PrepareStep {
  return {
    kind: "policies",
    ...name,
    texts: Object.fromEntries(policies.map((policy) => [policy.id, policy.text])),
    approvers: Object.fromEntries(
      policies.flatMap(({ id, annotations }) =>
        annotations["approver"] === undefined ? [] : [[id, annotations["approver"]]],
      ),
    ),
  };
}

function describeEmptyTool(name: SlotName): PrepareStep {
  return {
    kind: "tool",
    ...name,
    schema: buildToolSchema([]),
    tool: { name: "", system: "", effect: "", reversibility: "" },
  };
}
