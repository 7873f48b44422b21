/** Check digits over strings of decimal digits. */

const digitAt = (digits: string, at: number): number => digits.charCodeAt(at) - 48;

/** @see ISO/IEC 7812-1 annex B. */
export function isLuhn(digits: string): boolean {
  let sum = 0;
  for (let at = digits.length - 1, second = false; at >= 0; at -= 1, second = !second) {
    const digit = digitAt(digits, at);
    const doubled = second ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** The sum of each digit times its weight; weights are used from the left. */
export const weigh = (digits: string, weights: readonly number[]): number =>
  weights.reduce((sum, weight, at) => sum + weight * digitAt(digits, at), 0);

/** The remainder of a long number, digit by digit. */
export function remainder(digits: string, by: number): number {
  let rest = 0;
  for (let at = 0; at < digits.length; at += 1) rest = (rest * 10 + digitAt(digits, at)) % by;
  return rest;
}

/** @see ISO/IEC 7064, hybrid system MOD 11,10. */
export function isMod1110(digits: string): boolean {
  let product = 10;
  for (let at = 0; at < digits.length - 1; at += 1) {
    const sum = (digitAt(digits, at) + product) % 10;
    product = ((sum === 0 ? 10 : sum) * 2) % 11;
  }
  return (11 - product) % 10 === digitAt(digits, digits.length - 1);
}

/** Whether a month and a day can be those of a date. */
export const isMonthDay = (month: number, day: number): boolean => month >= 1 && month <= 12 && day >= 1 && day <= 31;
