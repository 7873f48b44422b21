/** How much of a promise about false alarms one look of many may use. */

/**
 * The level of look `look` (from 1): alpha/(look·(look+1)). These add up to alpha over all looks that will ever be, so the
 * chance of any false alarm among them is at most alpha, however they depend on each other: Bonferroni's inequality over
 * looks, an alpha-spending function (Lan & DeMets 1983) with no last look. Looks at one baseline do depend on each other,
 * which is why products of e-values, that would spend less, are not to be had here.
 */
export const alphaOfLook = (alpha: number, look: number): number => alpha / (look * (look + 1));
