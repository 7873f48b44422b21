/** Measures the detectors of data classes: what they find of Presidio's sentences, what they find wrongly, and what they cost. */
import { findSpans } from "../packages/server/src/kernel/classes/find-spans.ts";
import { hasPresidio, presidioFile, readSentences, scoreDetectors } from "../tests/support/presidio.ts";
import type { Benchmark } from "./bench.ts";
import { median } from "./load.ts";
import { type Row, WrongAnswer } from "./row.ts";

const recallMin = 95;
const precisionMin = 90;
const promised: ReadonlySet<string> = new Set(["pci.card", "pii.email", "bank.iban"]);

export const benchClasses: Benchmark = async ({ quick }) => {
  if (!hasPresidio) {
    process.stdout.write(`classes: skipped, ${presidioFile} is absent\n`);
    return [];
  }
  const sentences = readSentences();
  const scores = scoreDetectors(sentences);
  const short = scores.find(
    ({ class: name, recall, precision }) =>
      promised.has(name) && (recall * 100 < recallMin || precision * 100 < precisionMin),
  );
  if (short) throw new WrongAnswer(`${short.class}: recall ${short.recall}, precision ${short.precision}`);
  const rows = scores.map(({ class: name, recall, precision, marked, found }): Row => ({
    what: `${name}: recall over ${marked} marked`,
    value: recall * 100,
    unit: "%",
    ...(promised.has(name) ? { first: recallMin } : {}),
    ratios: [],
    notes: [`precision ${(precision * 100).toFixed(1)} % of ${found} found`],
  }));
  return [
    ...rows,
    measureCost(
      sentences.map((one) => one.full_text),
      quick ? 2 : 20,
    ),
  ];
};

/** Processor time, for the sentences one by one as fields of an answer are looked at. */
function measureCost(texts: readonly string[], rounds: number): Row {
  const kib = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / 1024;
  const times = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    for (const text of texts) findSpans(text);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / kib;
  });
  const best = Math.min(...times);
  return {
    what: "all detectors, processor time a KiB of sentences",
    value: best / 1000,
    unit: "ms",
    median: median(times) / 1000,
    ratios: [],
    notes: [`${Math.round(best)} µs a KiB; ${kib.toFixed(0)} KiB in ${texts.length} texts`],
  };
}
