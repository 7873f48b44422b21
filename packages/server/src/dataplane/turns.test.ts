/** Standing in line: one at a time for each key, in order, strangers at once, and nobody stuck behind one who gave up. */
import { expect, it } from "vitest";

import { createTurns } from "./turns.ts";

const long = 60_000;
const settled = async (promise: Promise<unknown>): Promise<boolean> => {
  const open = Symbol("open");
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise, Promise.resolve(open)])) !== open;
};

it("lets one after the other, in the order in which they came, and strangers at once", async () => {
  const turns = createTurns();
  const order: number[] = [];
  const first = await turns.take("t", ["a"], long);
  const rest = [1, 2, 3].map(async (n) => {
    const turn = await turns.take("t", ["a"], long);
    order.push(n);
    turn?.();
  });
  expect(await turns.take("t", ["b"], long)).toBeDefined();
  expect(await turns.take("other", ["a"], long)).toBeDefined();
  expect(order).toEqual([]);
  first?.();
  await Promise.all(rest);
  expect(order).toEqual([1, 2, 3]);
});

it("takes several keys whole, whatever their order, without two that wait for each other", async () => {
  const turns = createTurns();
  let inside = 0;
  let most = 0;
  const work = async (keys: readonly string[]): Promise<void> => {
    const turn = await turns.take("t", keys, long);
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
    turn?.();
  };
  await Promise.all(Array.from({ length: 40 }, (_, at) => work(at % 2 === 0 ? ["a", "b"] : ["b", "a"])));
  expect(most).toBe(1);
});

it("gives up in time, and leaves nobody stuck behind it", async () => {
  const turns = createTurns();
  const first = await turns.take("t", ["b"], long);
  expect(await turns.take("t", ["a", "b"], 1)).toBeUndefined();
  // What it had already is free again, and its place in the other line is passed over.
  expect(await turns.take("t", ["a"], long)).toBeDefined();
  const next = turns.take("t", ["b"], long);
  expect(await settled(next)).toBe(false);
  first?.();
  expect(await next).toBeDefined();
});
