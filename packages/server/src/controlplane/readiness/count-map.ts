/** Counts of different texts, up to a number of them; what comes after that is counted together. */

export type Counts = {
  readonly each: ReadonlyMap<string, number>;
  /** Of texts that came when there were too many already, or that are too long to be a category. */
  readonly others: number;
};

export type Counter = {
  readonly add: (text: string) => void;
  readonly isFull: () => boolean;
  readonly counts: () => Counts;
};

const lengthMax = 200;

export function createCounter(differentMax: number): Counter {
  const each = new Map<string, number>();
  let others = 0;
  return {
    add: (text) => {
      const count = each.get(text);
      if (count !== undefined) each.set(text, count + 1);
      else if (each.size < differentMax && text.length <= lengthMax) each.set(text, 1);
      else others += 1;
    },
    isFull: () => others > 0,
    counts: () => ({ each, others }),
  };
}
