/** Tokens that stand for values: `tok_`, the class with dashes for its dots, `_`, and 26 letters and digits of Crockford's base 32. */

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const letters = 26;
const shape = /tok_([a-z][a-z0-9_-]{0,120})_([0-9a-hjkmnp-tv-z]{26})(?![A-Za-z0-9_])/g;

/** `digest`: at least 17 bytes, of the tenant's key, the class and the value. 130 bits of it are written. */
export function writeToken(dataClass: string, digest: Uint8Array): string {
  let bits = 0n;
  for (const byte of digest.subarray(0, 17)) bits = (bits << 8n) | BigInt(byte);
  let text = "";
  for (let at = 0; at < letters; at += 1) text = `${alphabet[Number((bits >> BigInt(5 * at + 6)) & 31n)]}${text}`;
  return `tok_${dataClass.replaceAll(".", "-")}_${text}`;
}

export type TokenPlace = { readonly token: string; readonly from: number; readonly to: number };

export function findTokens(text: string): TokenPlace[] {
  if (!text.includes("tok_")) return [];
  return [...text.matchAll(shape)].map((match) => ({
    token: match[0],
    from: match.index,
    to: match.index + match[0].length,
  }));
}
