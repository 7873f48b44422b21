/** Adds numbers as they are written, without losing a cent: control totals must be equal, not near. */

export type DecimalSum = { readonly units: bigint; readonly scale: number };

export const noSum: DecimalSum = { units: 0n, scale: 0 };

/** Undefined for what is no decimal number. */
export function readDecimal(text: string): DecimalSum | undefined {
  const match = /^([+-]?)(\d{1,30})(?:\.(\d{1,30}))?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, sign, whole = "0", fraction = ""] = match;
  const units = BigInt(whole + fraction);
  return { units: sign === "-" ? -units : units, scale: fraction.length };
}

export function addDecimals(one: DecimalSum, other: DecimalSum): DecimalSum {
  const scale = Math.max(one.scale, other.scale);
  return { units: raise(one, scale) + raise(other, scale), scale };
}

export function equalDecimals(one: DecimalSum, other: DecimalSum): boolean {
  const scale = Math.max(one.scale, other.scale);
  return raise(one, scale) === raise(other, scale);
}

export function showDecimal({ units, scale }: DecimalSum): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  return `${units < 0n ? "-" : ""}${whole}${scale === 0 ? "" : `.${digits.slice(digits.length - scale)}`}`;
}

function raise({ units, scale }: DecimalSum, to: number): bigint {
  return units * 10n ** BigInt(to - scale);
}
