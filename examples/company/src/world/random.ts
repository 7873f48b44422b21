/** A small seeded generator of random numbers (mulberry32), so that one seed always makes the same company. */

export type Random = {
  /** Uniform in [0, 1). */
  readonly next: () => number;
  /** Uniform whole number, both ends included. */
  readonly int: (min: number, max: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(list: readonly T[]) => T;
  readonly shuffle: <T>(list: readonly T[]) => T[];
};

/**
 * Returns a generator for `seed` and an optional `stream`, so that independent parts draw from independent streams.
 * Method: mulberry32 (Tommy Ettinger, public domain).
 */
export function createRandom(seed: number, stream = 0): Random {
  let state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(stream + 1, 0xc2b2ae35)) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const int = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  const pick = <T>(list: readonly T[]): T => {
    const chosen = list[int(0, list.length - 1)];
    if (chosen === undefined) throw new Error("random.pick: the list is empty; give at least one choice");
    return chosen;
  };
  const shuffle = <T>(list: readonly T[]): T[] => {
    const keyed = list.map((item) => ({ item, key: next() }));
    return keyed.toSorted((left, right) => left.key - right.key).map(({ item }) => item);
  };
  return { next, int, chance: (probability) => next() < probability, pick, shuffle };
}
