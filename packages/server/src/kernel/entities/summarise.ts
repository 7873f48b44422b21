/** The business objects of an action as policies see them: of several the union, and of their amounts the worst. */
import { listTelling, type Asking, type SeenEntity, type ToldEffect } from "./telling.ts";
import type { Net } from "./picture.ts";

/** `context.env.entity`. Amounts are in minor units of the action's currency. */
export type PolicyEntity = {
  /** False when more stands on a business object than is kept at hand. */
  readonly complete: boolean;
  /** The state that came last on the action's own business object, standing or not; empty where there was none. */
  readonly lastState: string;
  readonly states: readonly string[];
  readonly contradicts: readonly string[];
  readonly contradictsOwn: readonly string[];
  /** Who placed the open holds. */
  readonly holds: readonly string[];
  /** How many effects of others may have happened: they are under way, or nobody knows their end. */
  readonly unsettled: number;
  /** `in` or `out`, as the action's own tool declares it; else empty. */
  readonly flow: string;
  readonly recent: {
    readonly count: number;
    readonly agents: readonly string[];
    readonly people: readonly string[];
    readonly tools: readonly string[];
    readonly inMinor: number;
    readonly outMinor: number;
  };
  /** Of everybody. What may have gone out counts as gone, what may have come in does not count as come. */
  readonly net: {
    readonly inMinor: number;
    readonly outMinor: number;
    readonly netMinor: number;
    /** All that was or may have been moved, whichever way. */
    readonly totalMinor: number;
    readonly currencies: readonly string[];
  };
};

type Money = { readonly minor: number; readonly currency: string };

/** Longer lists would not enter a policy's context; a policy asks whether there is one, not how many. */
const namedMax = 64;

export function summariseEntities(
  seen: readonly SeenEntity[],
  asking: Asking & { readonly amount: Money | undefined },
): PolicyEntity {
  const told = listTelling(seen, asking);
  const currencies = [...new Set(seen.flatMap(({ picture }) => Object.keys(picture.net)))].toSorted();
  const currency = asking.amount?.currency ?? (currencies.length === 1 ? currencies[0] : undefined) ?? "";
  const main = seen.find((one) => !one.touched);
  const last = main?.picture.effects.findLast(
    (one) => one.state !== undefined && one.touched !== true && one.status === "done",
  );
  return {
    complete: seen.every(({ picture }) => !picture.truncated),
    lastState: last?.state ?? "",
    states: namesOf(told.states, (one) => one.state),
    contradicts: namesOf(told.contradicts, (one) => one.state),
    contradictsOwn: namesOf(told.contradictsOwn, (one) => one.state),
    holds: namesOf(told.holds, (one) => one.by.name),
    unsettled: countOf(told.unsettled),
    flow: asking.outcome?.flow ?? "",
    recent: {
      count: countOf(told.recent),
      agents: namesOf(told.recent, ({ by }) => (by.kind === "person" ? undefined : by.name)),
      people: namesOf(told.recent, ({ by }) => (by.kind === "person" ? by.name : undefined)),
      tools: namesOf(told.recent, (one) => one.tool),
      inMinor: sumOf(told.recent, { flow: "in", currency }),
      outMinor: sumOf(told.recent, { flow: "out", currency }),
    },
    net: { ...worstNet(seen, currency), currencies: currencies.slice(0, namedMax) },
  };
}

/** The plain summary of an action without a business object. */
export const untouched: PolicyEntity = summariseEntities([], {
  by: { kind: "agent", name: "" },
  outcome: undefined,
  amount: undefined,
  nowMs: 0,
});

function namesOf(told: readonly ToldEffect[], name: (one: ToldEffect) => string | undefined): string[] {
  return [...new Set(told.flatMap((one) => name(one) ?? []))].slice(0, namedMax);
}

/** An action that touched two of the business objects is one effect. */
function countOf(told: readonly ToldEffect[]): number {
  return new Set(told.map(({ id }) => id)).size;
}

function sumOf(told: readonly ToldEffect[], of: { readonly flow: string; readonly currency: string }): number {
  const counted = new Map(
    told
      .filter((one) => one.flow === of.flow && one.amount?.currency === of.currency && one.by.kind !== "recall")
      .map((one) => [one.id, one.amount?.minor ?? 0]),
  );
  return [...counted.values()].reduce((sum, minor) => sum + minor, 0);
}

function worstNet(seen: readonly SeenEntity[], currency: string): Omit<PolicyEntity["net"], "currencies"> {
  const none: Net = { inMinor: 0, outMinor: 0, maybeInMinor: 0, maybeOutMinor: 0 };
  const nets = seen.map(({ picture }) => picture.net[currency] ?? none);
  const each = nets.map((net) => {
    const outMinor = net.outMinor + net.maybeOutMinor;
    const totalMinor = net.inMinor + net.maybeInMinor + outMinor;
    return { inMinor: net.inMinor, outMinor, netMinor: net.inMinor - outMinor, totalMinor };
  });
  if (each.length === 0) return { inMinor: 0, outMinor: 0, netMinor: 0, totalMinor: 0 };
  return {
    inMinor: Math.min(...each.map((one) => one.inMinor)),
    outMinor: Math.max(...each.map((one) => one.outMinor)),
    netMinor: Math.min(...each.map((one) => one.netMinor)),
    totalMinor: Math.max(...each.map((one) => one.totalMinor)),
  };
}
