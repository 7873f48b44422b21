/** Compares what a source brought in one window with its baseline: one look of many, and one promise over all of them. */
import type { SourceComparison } from "@airworthy/contract";

import { alphaOfLook } from "../../kernel/stats/spend-alpha.ts";
import { compareSamples } from "./compare-sources.ts";
import type { ContractSample } from "./contract-sampler.ts";
import type { SourceSample } from "./profile-source.ts";

/** `look` counts from 1 since the baseline was set; over all looks the chance of any false finding is at most `alpha`. */
export function judgeWindow(
  samples: { readonly baseline: ContractSample; readonly window: ContractSample },
  { alpha, look }: { readonly alpha: number; readonly look: number },
): SourceComparison {
  const { baseline, window } = samples;
  return compareSamples(toSource("baseline", baseline), toSource("window", window), alphaOfLook(alpha, look));
}

/** Sampled as the contract types it, so both sides are of one format. */
export const toSource = (file: string, sample: ContractSample): SourceSample => ({
  file,
  format: "json",
  unreadable: 0,
  ...sample,
});
