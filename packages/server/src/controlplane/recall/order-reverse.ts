/** The order in which a recall is undone: whatever relied on an action comes before it, the latest first. */
import type { ActionId } from "@airworthy/contract";

import type { Closure } from "./closure.ts";

/**
 * The place of each action, from 0. What relies ended after what it relies on had, so the order of ends, reversed, is one.
 * Where clocks of several nodes disagree, the reasons decide: an action is placed when all that rely on it are (Kahn, 1962).
 */
export function orderReverse(closure: Closure): ReadonlyMap<ActionId, number> {
  const latest = [...closure.values()].toSorted(
    (a, b) => b.node.endedAt - a.node.endedAt || (a.node.action < b.node.action ? 1 : -1),
  );
  const reliedOn = new Map<ActionId, Set<ActionId>>();
  const waitingFor = new Map<ActionId, number>();
  for (const { node, because } of latest) {
    const from = new Set(because.map((one) => one.from).filter((one) => closure.has(one) && one !== node.action));
    reliedOn.set(node.action, from);
    for (const one of from) waitingFor.set(one, (waitingFor.get(one) ?? 0) + 1);
  }
  const order = new Map<ActionId, number>();
  const place = (first: ActionId): void => {
    const ready = [first];
    for (let action = ready.pop(); action !== undefined; action = ready.pop()) {
      if (order.has(action)) continue;
      order.set(action, order.size);
      for (const one of reliedOn.get(action) ?? []) {
        const left = (waitingFor.get(one) ?? 0) - 1;
        waitingFor.set(one, left);
        // It was passed over before, because something relied on it that had not been placed.
        if (left === 0 && passed.has(one)) ready.push(one);
      }
    }
  };
  const passed = new Set<ActionId>();
  for (const { node } of latest) {
    if ((waitingFor.get(node.action) ?? 0) === 0) place(node.action);
    else passed.add(node.action);
  }
  // A circle cannot come from what happened; should rows say so all the same, the order of ends stands.
  for (const { node } of latest) place(node.action);
  return order;
}
