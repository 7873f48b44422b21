/** What the agent said about itself: recorded, never trusted. */
import { pairLines, titleLine } from "./lines.ts";
import type { Section } from "./look.ts";

export const renderClaims: Section = ({ action }, look) => {
  if (action.confidence === undefined && action.rationale === undefined) return [];
  const confidence = action.confidence === undefined ? undefined : `${action.confidence} (stated, not calibrated)`;
  return [
    titleLine("The agent's own claims", look),
    ...pairLines(
      [
        ["confidence", confidence],
        ["rationale", action.rationale],
      ],
      look,
    ),
  ];
};
