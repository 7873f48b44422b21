/** When one claim of a fact overtakes another: one rule for what is read and what is pushed. */
import type { Json } from "@airworthy/contract";

import { canonicalJson } from "./canonical.ts";

/** `asOf` in epoch ms. `isStated`: by the source; otherwise it is the time of arrival, which no two claims share. */
export type Claim = { readonly value: Json; readonly asOf: number; readonly isStated: boolean };

/** As-ofs are stated in milliseconds and come back from the store as fractions. */
const resolutionMs = 0.5;

/** `later`: another value as of a later moment. `same_moment`: another value of the very moment that both state. */
export function overtakes(claim: Claim, other: Claim): "later" | "same_moment" | undefined {
  if (canonicalJson(claim.value) === canonicalJson(other.value)) return undefined;
  const isSame = claim.isStated && other.isStated && Math.abs(claim.asOf - other.asOf) < resolutionMs;
  if (isSame) return "same_moment";
  return claim.asOf > other.asOf ? "later" : undefined;
}
