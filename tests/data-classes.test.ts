/** The detectors held to the rates that are promised, on sentences that nobody here wrote. */
import { describe, expect, it } from "vitest";

import { hasPresidio, readSentences, scoreDetectors } from "./support/presidio.ts";

const recallMin = 0.95;
const precisionMin = 0.9;

describe(`detectors on Presidio's sentences${hasPresidio ? "" : " (skipped: ../shared/data/presidio is absent)"}`, () => {
  it.runIf(hasPresidio)("find cards, e-mail addresses and account numbers, and little that is none", () => {
    const scores = scoreDetectors(readSentences());
    const promised = scores.filter((score) => ["pci.card", "pii.email", "bank.iban"].includes(score.class));
    expect(promised.map((score) => score.marked)).toEqual([79, 37, 10]);
    const short = promised.filter((score) => score.recall < recallMin || score.precision < precisionMin);
    expect(short).toEqual([]);
  });
});
