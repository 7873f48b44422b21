/** The tail of Kolmogorov's distribution: how often a largest gap between two distribution functions is that large by chance. */
import { logChoose } from "./gamma.ts";

/** Up to here the exact distribution is cheap; beyond it the limit with its correction differs by less than 1e-4 of p. */
const exactMax = 300;
/**
 * From this n·d² on, twice the one-sided tail is taken for the two-sided one, by the rule of Simard & L'Ecuyer
 * ("Computing the two-sided Kolmogorov–Smirnov distribution", J. Stat. Softw. 39(11), 2011) and SciPy; its relative error
 * is e^{−6nd²}: less than 1e-10 for small n, less than 2e-6 beyond 140, where the exact matrix grows dear.
 */
const doubledFrom = (n: number): number => (n <= 140 ? 4 : 2.2);

/** P(D_n ≥ d) of the two-sided one-sample statistic with whole n. */
export function kolmogorovTail(n: number, d: number): number {
  if (n <= 0 || d <= 0) return 1;
  if (d >= 1) return 0;
  if (n > exactMax) return limitTail(correct(n, d));
  if (n * d * d >= doubledFrom(n)) return Math.min(1, 2 * smirnovTail(n, d));
  return Math.min(1, Math.max(0, 1 - marsagliaTsangWang(n, d)));
}

/** The smallest gap that is noticed at level `tail` between samples of n and m values: what the sizes can show at all. */
export function kolmogorovLimit(tail: number, sizes: readonly [number, number]): number {
  const n = effectiveSize(sizes);
  let [low, high] = [0, 1];
  for (let step = 0; step < 50; step += 1) {
    const middle = (low + high) / 2;
    if (kolmogorovTail(n, middle) > tail) low = middle;
    else high = middle;
  }
  return high;
}

/** The size of one sample that is as telling as two of n and m: nm/(n+m), rounded half to even as SciPy's `ks_2samp` does. */
export function effectiveSize([n, m]: readonly [number, number]): number {
  const exact = n + m === 0 ? 0 : (n * m) / (n + m);
  const floor = Math.floor(exact);
  if (exact - floor !== 0.5) return Math.round(exact);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** √n·d with the correction of order 1/n (J. Vrbik, "Small-sample corrections to Kolmogorov–Smirnov test statistic", 2018). */
function correct(n: number, d: number): number {
  const z = Math.sqrt(n) * d;
  return z + 1 / (6 * Math.sqrt(n)) + (z - 1) / (4 * n);
}

/** 2 Σ (−1)^{k−1} e^{−2k²z²} (Kolmogorov 1933); for small z its theta-transformed twin, which converges where that does not. */
function limitTail(z: number): number {
  if (z < 0.2) return 1;
  if (z < 1) {
    let sum = 0;
    for (let k = 1; k <= 9; k += 2) sum += Math.exp((-k * k * Math.PI * Math.PI) / (8 * z * z));
    return 1 - (Math.sqrt(2 * Math.PI) / z) * sum;
  }
  let sum = 0;
  for (let k = 1; k <= 8; k += 1) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * z * z);
  return Math.min(1, sum);
}

/** P(D⁺_n ≥ d), exact (Birnbaum & Tingey 1951); every term is positive, so nothing cancels. */
function smirnovTail(n: number, d: number): number {
  let sum = 0;
  for (let j = 0; j <= Math.floor(n * (1 - d)); j += 1) {
    const rest = 1 - d - j / n;
    const logRest = j === n ? 0 : rest <= 0 ? Number.NEGATIVE_INFINITY : (n - j) * Math.log(rest);
    sum += Math.exp(logChoose(n, j) + (j - 1) * Math.log(d + j / n) + logRest);
  }
  return d * sum;
}

/** P(D_n < d), exact to 13 digits (Marsaglia, Tsang & Wang, "Evaluating Kolmogorov's distribution", J. Stat. Softw. 8(18), 2003). */
function marsagliaTsangWang(n: number, d: number): number {
  const k = Math.floor(n * d) + 1;
  const size = 2 * k - 1;
  const h = k - n * d;
  const matrix = startMatrix(size, h);
  let { values, exponent } = power({ values: matrix, exponent: 0 }, { n, size });
  let result = values[(k - 1) * size + (k - 1)] ?? 0;
  for (let i = 1; i <= n; i += 1) {
    result = (result * i) / n;
    if (result < 1e-140) {
      result *= 1e140;
      exponent -= 140;
    }
  }
  return result * 10 ** exponent;
}

function startMatrix(size: number, h: number): Float64Array {
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j < size; j += 1) matrix[i * size + j] = i - j + 1 < 0 ? 0 : 1;
  }
  const change = (at: number, by: number): void => void (matrix[at] = (matrix[at] ?? 0) + by);
  for (let i = 0; i < size; i += 1) {
    change(i * size, -(h ** (i + 1)));
    change((size - 1) * size + i, -(h ** (size - i)));
  }
  change((size - 1) * size, 2 * h - 1 > 0 ? (2 * h - 1) ** size : 0);
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      const at = i * size + j;
      for (let divisor = 1; divisor <= i - j + 1; divisor += 1) matrix[at] = (matrix[at] ?? 0) / divisor;
    }
  }
  return matrix;
}

type Scaled = { readonly values: Float64Array; readonly exponent: number };

/** Powers by squaring; a growing power of ten is kept apart, so that nothing overflows. */
function power(base: Scaled, { n, size }: { readonly n: number; readonly size: number }): Scaled {
  if (n === 1) return base;
  const half = power(base, { n: Math.floor(n / 2), size });
  const square = { values: multiply(half.values, half.values, size), exponent: 2 * half.exponent };
  const whole =
    n % 2 === 0
      ? square
      : { values: multiply(base.values, square.values, size), exponent: base.exponent + square.exponent };
  const middle = whole.values[Math.floor(size / 2) * size + Math.floor(size / 2)] ?? 0;
  if (middle <= 1e140) return whole;
  return { values: whole.values.map((value) => value * 1e-140), exponent: whole.exponent + 140 };
}

function multiply(left: Float64Array, right: Float64Array, size: number): Float64Array {
  const product = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) {
    for (let k = 0; k < size; k += 1) {
      const factor = left[i * size + k] ?? 0;
      if (factor === 0) continue;
      for (let j = 0; j < size; j += 1) {
        const at = i * size + j;
        product[at] = (product[at] ?? 0) + factor * (right[k * size + j] ?? 0);
      }
    }
  }
  return product;
}
