/** A uniform sample of a stream of numbers whose length nobody knows, in bounded memory. */
import { createRandomStream } from "./random-stream.ts";

export type Reservoir = {
  readonly add: (value: number) => void;
  /** All values seen while they fit, else a uniform sample of them; sorted, ascending. */
  readonly sorted: () => Float64Array;
  /** How many values the sample stands for. */
  readonly seen: () => number;
};

/** Algorithm L (K.-H. Li, "Reservoir-sampling algorithms of time complexity O(n(1+log(N/n)))", 1994), seeded: the same stream gives the same sample. */
export function createReservoir(size: number, seed: number): Reservoir {
  const random = createRandomStream(seed);
  // Grown as needed: most fields of most files are small.
  let kept = new Float64Array(Math.min(size, 64));
  let seen = 0;
  let weight = 1;
  let next = size;
  const skip = (): void => {
    weight *= Math.exp(Math.log(1 - random()) / size);
    next += Math.floor(Math.log(1 - random()) / Math.log1p(-weight)) + 1;
  };
  return {
    add: (value) => {
      if (seen < size) {
        if (seen === kept.length) {
          const larger = new Float64Array(Math.min(size, kept.length * 2));
          larger.set(kept);
          kept = larger;
        }
        kept[seen] = value;
        if (seen === size - 1) {
          next = size - 1;
          skip();
        }
      } else if (seen === next) {
        kept[Math.floor(random() * size)] = value;
        skip();
      }
      seen += 1;
    },
    sorted: () => kept.subarray(0, Math.min(seen, size)).toSorted(),
    seen: () => seen,
  };
}
