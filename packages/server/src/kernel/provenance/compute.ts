/** Whether a number comes out of others by arithmetic that an agent does: sums, differences, shares and percentages. */

export type Operands = {
  readonly prompt: readonly number[];
  readonly trusted: readonly number[];
  readonly untrusted: readonly number[];
};
/** `clean`: from the task and trusted numbers, at least one of the task. `tainted`: only with a number of an outsider. */
export type Computed = "clean" | "tainted" | undefined;

const promptMax = 20;
const knownMax = 200;

/** At most 20 x 220 x 20 small steps. */
export function findComputation(target: number, { prompt, trusted, untrusted }: Operands): Computed {
  const stated = prompt.slice(0, promptMax);
  const known = [...stated, ...trusted.slice(0, knownMax)];
  if (stated.some((one) => known.some((other) => combines(target, { base: other, by: one, more: stated }))))
    return "clean";
  const outside = untrusted.slice(0, knownMax);
  const tainted = outside.some((one) => known.some((other) => combines(target, { base: other, by: one, more: [] })));
  return tainted ? "tainted" : undefined;
}

type Terms = { readonly base: number; readonly by: number; readonly more: readonly number[] };

function combines(target: number, { base, by, more }: Terms): boolean {
  const share = (base * by) / 100;
  const single = [base + by, base - by, by - base, base * by, share, base + share, base - share];
  if (by !== 0) single.push(base / by);
  if (single.some((value) => equals(value, target))) return true;
  return more.some((one) => equals(share + one, target) || equals(share - one, target));
}

/** To the cent, or to a millionth of itself: agents round. */
function equals(value: number, target: number): boolean {
  const tolerance = Number.isInteger(target) ? 1e-6 : 0.005;
  return value !== 0 && Math.abs(value - target) <= Math.max(tolerance, Math.abs(target) * 1e-9);
}
