/** The numeric core against SciPy's values, where they are at hand, against closed forms, and against what chance does. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, it } from "vitest";

import { adjustHolm } from "./adjust-p-values.ts";
import { chiSquareLimit, chiSquareTail, testCounts } from "./chi-square.ts";
import { meanDistance, quantileOf, testGap } from "./compare-samples.ts";
import { testShares } from "./compare-shares.ts";
import { logChoose, logGamma } from "./gamma.ts";
import { kolmogorovLimit, kolmogorovTail } from "./kolmogorov-tail.ts";
import { countInQuantiles, stabilityIndex, stabilityLimit } from "./population-stability.ts";
import { createRandomStream } from "./random-stream.ts";
import { createReservoir } from "./reservoir.ts";
import { boundUnseen } from "./unseen-rows.ts";

type Golden = {
  readonly two_sample: readonly {
    readonly x: readonly number[];
    readonly y: readonly number[];
    readonly ks_statistic: number;
    readonly ks_p_asymp: number;
    readonly psi_10_quantile_bins_floor_1e4: number;
    readonly wasserstein_1: number;
  }[];
  readonly categorical_chi2: readonly {
    readonly ref: readonly number[];
    readonly cur: readonly number[];
    readonly chi2: number;
    readonly p: number;
  }[];
};

const goldenFile = path.resolve(import.meta.dirname, "../../../../../../shared/data/golden-stats/golden.dev.json");
const hasGolden = existsSync(goldenFile);
const golden: Golden = hasGolden
  ? JSON.parse(readFileSync(goldenFile, "utf8"))
  : { two_sample: [], categorical_chi2: [] };

function near(found: number, wanted: number, relative: number): void {
  expect(Math.abs(found - wanted) / Math.abs(wanted), `${found} for ${wanted}`).toBeLessThanOrEqual(relative);
}
const sorted = (values: readonly number[]): Float64Array => Float64Array.from(values).toSorted();
const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));

describe.skipIf(!hasGolden)(
  `reference values${hasGolden ? "" : " (skipped: ../shared/data/golden-stats is absent)"}`,
  () => {
    it("are there", () => {
      expect([golden.two_sample.length, golden.categorical_chi2.length]).toEqual([3, 2]);
    });

    it("agree for Kolmogorov–Smirnov, Wasserstein and the stability index", () => {
      for (const one of golden.two_sample) {
        const [x, y] = [sorted(one.x), sorted(one.y)];
        const test = testGap(x, y);
        near(test.gap, one.ks_statistic, 1e-9);
        near(test.pValue, one.ks_p_asymp, 1e-9);
        near(meanDistance(x, y), one.wasserstein_1, 1e-9);
        const counts = countInQuantiles(x, y, 10);
        near(stabilityIndex(counts.first, counts.second), one.psi_10_quantile_bins_floor_1e4, 1e-9);
      }
    });

    it("agree for χ²", () => {
      for (const one of golden.categorical_chi2) {
        const test = testCounts(one.ref, one.cur);
        near(test.statistic, one.chi2, 1e-9);
        near(test.pValue, one.p, 1e-9);
      }
    });
  },
);

describe("gamma and χ²", () => {
  it("give factorials and binomial coefficients", () => {
    let log = 0;
    for (let n = 1; n <= 170; n += 1) {
      expect(Math.abs(logGamma(n) - log)).toBeLessThanOrEqual(1e-13 * Math.max(1, log));
      log += Math.log(n);
    }
    near(logGamma(0.5), Math.log(Math.PI) / 2, 1e-14);
    near(Math.exp(logChoose(52, 5)), 2_598_960, 1e-12);
  });

  it("χ² has its closed forms for even degrees of freedom, and its table", () => {
    for (const x of [0.01, 0.5, 2, 9, 40, 300]) {
      near(chiSquareTail(x, 2), Math.exp(-x / 2), 1e-12);
      near(chiSquareTail(x, 6), Math.exp(-x / 2) * (1 + x / 2 + (x / 2) ** 2 / 2), 1e-12);
    }
    expect(chiSquareLimit(0.05, 1)).toBeCloseTo(3.841458820694124, 10);
    expect(chiSquareLimit(0.01, 9)).toBeCloseTo(21.66599433346194, 10);
    expect(chiSquareLimit(0.01, 999)).toBeCloseTo(1105.9169, 3);
  });

  it("finds nothing where there is nothing to compare", () => {
    expect(testCounts([], [])).toMatchObject({ pValue: 1 });
    expect(testCounts([5, 0], [7, 0])).toMatchObject({ pValue: 1 });
    expect(testCounts([0, 0], [3, 4])).toMatchObject({ pValue: 1 });
    expect(testGap(sorted([]), sorted([1]))).toEqual({ gap: 0, pValue: 1 });
    expect(testShares({ hits: 0, total: 0 }, { hits: 3, total: 4 })).toBe(1);
  });
});

describe("Kolmogorov's distribution", () => {
  it("has the values that Marsaglia, Tsang and Wang print", () => {
    expect(1 - kolmogorovTail(10, 0.274)).toBeCloseTo(0.6284796154565, 12);
  });

  it("has no step where one method hands over to the next", () => {
    const across = [
      [kolmogorovTail(300, 0.07), kolmogorovTail(301, 0.07 * Math.sqrt(300 / 301))],
      [kolmogorovTail(140, Math.sqrt(3.9999 / 140)), kolmogorovTail(140, Math.sqrt(4.0001 / 140))],
      [kolmogorovTail(250, Math.sqrt(2.1999 / 250)), kolmogorovTail(250, Math.sqrt(2.2001 / 250))],
    ] as const;
    for (const [left, right] of across) near(left, right, 2e-3);
  });

  it("at the limit is Kolmogorov's own", () => {
    // z = 1.3581015 is the 5 % point (Smirnov's table of 1948).
    expect(kolmogorovTail(4_000_000, 1.358_101_5 / 2000)).toBeCloseTo(0.05, 3);
    expect(kolmogorovTail(1000, 0.005)).toBe(1);
    expect(kolmogorovTail(20, 1)).toBe(0);
  });

  it("turns around: the limit is the gap with that tail", () => {
    for (const sizes of [
      [40, 60],
      [5000, 800],
    ] as const) {
      const effective = Math.round((sizes[0] * sizes[1]) / (sizes[0] + sizes[1]));
      near(kolmogorovTail(effective, kolmogorovLimit(0.01, sizes)), 0.01, 1e-6);
    }
  });
});

describe("shares", () => {
  it("of the lady tasting tea", () => {
    near(testShares({ hits: 3, total: 4 }, { hits: 1, total: 4 }), 34 / 70, 1e-12);
    near(testShares({ hits: 4, total: 4 }, { hits: 0, total: 4 }), 2 / 70, 1e-12);
  });

  it("agree with χ² where both can be had", () => {
    const exact = testShares({ hits: 9800, total: 50_000 }, { hits: 10_150, total: 50_000 });
    near(exact, testCounts([9800, 40_200], [10_150, 39_850]).pValue, 0.05);
    expect(testShares({ hits: 98_000, total: 500_000 }, { hits: 101_500, total: 500_000 })).toBeLessThan(1e-15);
  });
});

describe("unseen rows", () => {
  it("are bounded by the true chance, and close to it where one category decides", () => {
    // One category of 12 rows, all in the second half: 1/4096 or a little less.
    const bound = boundUnseen({ rows: 12, categories: 1 }, { n: 1000, m: 1000 }, [
      { count: 12, categories: 1 },
      { count: 994, categories: 2 },
    ]);
    expect(bound).toBeGreaterThan(0.5 ** 12 * 0.9);
    expect(bound).toBeLessThan(0.5 ** 12 * 4);
    expect(boundUnseen({ rows: 0, categories: 0 }, { n: 9, m: 9 }, [{ count: 18, categories: 1 }])).toBe(1);
  });

  it("never promise more than they hold: rare categories dealt at random", () => {
    const random = createRandomStream(11);
    const counts = [
      { count: 1, categories: 30 },
      { count: 2, categories: 20 },
      { count: 5, categories: 6 },
    ];
    const rows = counts.flatMap(({ count, categories }, group) =>
      times(categories, (at) => times(count, () => `${group}/${at}`)).flat(),
    );
    let alarms = 0;
    for (let round = 0; round < 2000; round += 1) {
      const first = new Set<string>();
      const second: string[] = [];
      for (const row of shuffle(rows, random).entries()) {
        if (row[0] < 50) first.add(row[1]);
        else second.push(row[1]);
      }
      const unseen = second.filter((row) => !first.has(row));
      const found = { rows: unseen.length, categories: new Set(unseen).size };
      if (boundUnseen(found, { n: 50, m: rows.length - 50 }, counts) <= 0.05) alarms += 1;
    }
    expect(alarms / 2000).toBeLessThanOrEqual(0.05);
  });
});

function shuffle<T>(values: readonly T[], random: () => number): T[] {
  const keyed = values.map((value) => ({ value, key: random() }));
  return keyed.toSorted((left, right) => left.key - right.key).map(({ value }) => value);
}

describe("the stability index", () => {
  it("has the limits that were measured, not 0.1", () => {
    expect(stabilityLimit(0.01, { n: 100, m: 100, bins: 10 })).toBeCloseTo(0.433, 3);
    expect(stabilityLimit(0.01, { n: 1000, m: 1000, bins: 10 })).toBeCloseTo(0.0433, 4);
  });

  it("passes its limit about as often as that says", () => {
    const random = createRandomStream(5);
    const limit = stabilityLimit(0.05, { n: 400, m: 400, bins: 10 });
    let [over, overTenth] = [0, 0];
    for (let round = 0; round < 1000; round += 1) {
      const counts = countInQuantiles(sorted(times(400, random)), sorted(times(400, random)), 10);
      const index = stabilityIndex(counts.first, counts.second);
      if (index > limit) over += 1;
      if (index > 0.1) overTenth += 1;
    }
    expect(over / 1000).toBeGreaterThan(0.03);
    expect(over / 1000).toBeLessThan(0.08);
    expect(overTenth).toBeLessThan(over);
  });

  it("counts values that coincide once", () => {
    expect(countInQuantiles(sorted([1, 1, 1, 1, 2]), sorted([1, 2, 2]), 4)).toEqual({ first: [0, 5], second: [0, 3] });
  });
});

describe("Holm", () => {
  it("steps down, keeps order and never lowers", () => {
    expect(adjustHolm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(adjustHolm([0.5, 0.9])).toEqual([1, 1]);
    expect(adjustHolm([])).toEqual([]);
  });
});

describe("samples", () => {
  it("a reservoir keeps everything that fits", () => {
    const reservoir = createReservoir(100, 1);
    for (const value of times(100, (at) => 100 - at)) reservoir.add(value);
    expect([...reservoir.sorted()]).toEqual(times(100, (at) => at + 1));
  });

  it("a reservoir is uniform beyond, and repeats itself", () => {
    const draw = (seed: number): Float64Array => {
      const reservoir = createReservoir(2000, seed);
      for (let value = 0; value < 100_000; value += 1) reservoir.add(value);
      return reservoir.sorted();
    };
    const drawn = draw(3);
    expect(drawn).toEqual(draw(3));
    expect(drawn.length).toBe(2000);
    expect(new Set(drawn).size).toBe(2000);
    const whole = Float64Array.from(times(100_000, (at) => at));
    expect(testGap(drawn, whole).pValue).toBeGreaterThan(0.01);
  });

  it("quantiles lie between values", () => {
    expect(quantileOf(sorted([4, 1, 3, 2]), 0.5)).toBe(2.5);
    expect(quantileOf(sorted([7]), 0.99)).toBe(7);
    expect(quantileOf(sorted([]), 0.5)).toBeNaN();
  });

  it("random numbers are even, apart by seed, and the same for the same seed", () => {
    const stream = (seed: number): number[] => times(20_000, createRandomStream(seed));
    const uniform = Float64Array.from(times(20_000, (at) => (at + 0.5) / 20_000));
    expect(stream(1)).toEqual(stream(1));
    expect(testGap(sorted(stream(1)), sorted(stream(2))).pValue).toBeGreaterThan(0.001);
    expect(testGap(sorted(stream(7)), uniform).pValue).toBeGreaterThan(0.001);
  });
});
