/** Shortens a keyed digest to what lineage keeps of it. */
import type { ShortDigest } from "./lineage-entry.ts";

/** The first 16 hexadecimal digits as a signed 64-bit number. Meaningful only beside others of the same fact. */
export function shortDigest(hex: string): ShortDigest {
  return BigInt.asIntN(64, BigInt(`0x${hex.slice(0, 16) || "0"}`)).toString();
}
