/** Logarithms of the gamma function, factorials and binomial coefficients. */

/** Coefficients of Lanczos' approximation for g = 607/128 (P. Godfrey, "A note on the computation of the convergent Lanczos complex Gamma approximation", 2001). */
const lanczos = [
  0.9999999999999971, 57.15623566586292, -59.59796035547549, 14.136097974741746, -0.4919138160976202,
  3.399464998481189e-5, 4.652362892704858e-5, -9.837447530487956e-5, 0.0001580887032249125, -0.00021026444172410488,
  0.00021743961811521265, -0.0001643181065367639, 8.441822398385275e-5, -2.6190838401581408e-5, 3.6899182659531625e-6,
] as const;
const g = 607 / 128;
const halfLogTwoPi = 0.9189385332046727;
/** From here on Stirling's series (DLMF 5.11.1) is exact to the last bit. */
const stirlingFrom = 20;

/** ln Γ(x) for x > 0, with a relative error of about 1e-15. */
export function logGamma(x: number): number {
  if (x >= stirlingFrom) {
    const inverse = 1 / x;
    const square = inverse * inverse;
    const series =
      inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square * (1 / 1188)))));
    return (x - 0.5) * Math.log(x) - x + halfLogTwoPi + series;
  }
  const shifted = x - 1;
  const sum = lanczos.reduce(
    (total, coefficient, at) => (at === 0 ? coefficient : total + coefficient / (shifted + at)),
    0,
  );
  const base = shifted + g + 0.5;
  return halfLogTwoPi + (shifted + 0.5) * Math.log(base) - base + Math.log(sum);
}

/** ln C(n, k) for whole 0 ≤ k ≤ n. */
export const logChoose = (n: number, k: number): number =>
  k === 0 || k === n ? 0 : logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
