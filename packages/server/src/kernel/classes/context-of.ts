/** The words that stand before a place in a text, and in the name of its field: they say what a bare number is. */

const wordsMax = 48;

/** Names such as `ssnNumber` and `social_security` are parted into words. */
export function contextOf(text: string, at: number, field: string): string {
  const named = field.replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2").replaceAll(/[_.[\]'-]+/g, " ");
  return `${named} ${text.slice(Math.max(0, at - wordsMax), at)}`;
}
