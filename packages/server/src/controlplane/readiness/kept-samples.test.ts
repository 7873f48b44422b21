/** Samples that are kept: what is written is read again, what is merged is as good as what was never parted, rubbish is refused. */
import { keptSampleMax } from "@airworthy/contract";
import type { SourceContractDocument } from "@airworthy/contract";
import { describe, expect, it } from "vitest";

import { testCounts } from "../../kernel/stats/chi-square.ts";
import { testGap } from "../../kernel/stats/compare-samples.ts";
import { mergeReservoirs } from "../../kernel/stats/merge-reservoirs.ts";
import type { DrawnSample } from "../../kernel/stats/merge-reservoirs.ts";
import { createRandomStream } from "../../kernel/stats/random-stream.ts";
import { createReservoir } from "../../kernel/stats/reservoir.ts";
import { createContractSampler } from "./contract-sampler.ts";
import type { ContractSample } from "./contract-sampler.ts";
import { keepSample, readSample } from "./keep-sample.ts";
import { mergeSamples } from "./merge-samples.ts";
import { makeInvoices } from "./readiness.fixture.ts";
import type { Row } from "./readiness.fixture.ts";

const contract: SourceContractDocument = {
  apiVersion: "airworthy/v1",
  kind: "SourceContract",
  name: "invoices",
  version: 1,
  fields: [
    { name: "invoice_id", type: "text", nullable: false },
    { name: "customer", type: "text", nullable: false },
    { name: "status", type: "text", nullable: false },
    { name: "amount", type: "number", nullable: false },
    { name: "weight_kg", type: "number", nullable: true },
    { name: "express", type: "boolean", nullable: false },
    { name: "due", type: "date", nullable: false },
    { name: "note", type: "text", nullable: true },
  ],
};

function sampleOf(rows: readonly Row[], seed = 1): ContractSample {
  const sampler = createContractSampler(contract, seed);
  for (const row of rows) sampler.accept({ columns: Object.keys(row), cells: Object.values(row) }, false);
  return sampler.sample();
}

function draw(from: number, to: number, size: number, seed: number): DrawnSample {
  const reservoir = createReservoir(size, seed);
  for (let value = from; value < to; value += 1) reservoir.add(value);
  return { values: reservoir.sorted(), seen: reservoir.seen() };
}

describe("merged reservoirs", () => {
  it("give each value of either stream the same chance, however uneven the streams and however many the merges", () => {
    const [rounds, size, total] = [2_000, 60, 3_000];
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let round = 0; round < rounds; round += 1) {
      const random = createRandomStream(round);
      // The second stream is short enough to be there whole, the third was cut harder than the others.
      const parts = [
        draw(0, 2_000, size, round),
        draw(2_000, 2_040, size, round + 1),
        draw(2_040, total, 50, round + 2),
      ];
      const merged = parts.reduce((all, part) => mergeReservoirs(all, part, { size, random }));
      expect(merged.seen).toBe(total);
      expect(merged.values.length).toBe(50);
      for (const value of merged.values)
        tenths[Math.floor((value * 10) / total)] = (tenths[Math.floor((value * 10) / total)] ?? 0) + 1;
    }
    const expected = (rounds * 50) / 10;
    // Against a very large sample of exactly even shares: a wrong weight of a twentieth would be certain here.
    const { pValue } = testCounts(
      tenths,
      tenths.map(() => expected * 1_000),
    );
    process.stdout.write(`merged reservoirs, tenths of 100,000 draws: ${tenths.join(" ")}, p ${pValue.toFixed(3)}\n`);
    expect(pValue).toBeGreaterThan(0.001);
  });

  it("keep all values while there is room, and one of an empty stream is the other", () => {
    const random = createRandomStream(1);
    const whole = mergeReservoirs(draw(0, 30, 100, 1), draw(30, 50, 100, 2), { size: 100, random });
    expect([...whole.values]).toEqual(Array.from({ length: 50 }, (_, at) => at));
    const [empty, cut] = [draw(0, 0, 10, 1), draw(0, 1_000, 10, 2)];
    expect(mergeReservoirs(empty, cut, { size: 10, random })).toEqual(cut);
    expect(mergeReservoirs(cut, empty, { size: 10, random })).toEqual(cut);
  });
});

describe("merged samples", () => {
  it("count as the unmerged one does, in any number of parts", () => {
    const rows = makeInvoices(3_000, 8);
    const whole = sampleOf(rows);
    const parts = [rows.slice(0, 100), rows.slice(100, 1_900), rows.slice(1_900)].map((part, at) => sampleOf(part, at));
    const merged = parts.reduce((all, part, at) => mergeSamples(all, part, at));
    expect(merged.records).toBe(3_000);
    for (const [at, field] of whole.fields.entries()) {
      const other = merged.fields[at];
      expect(other?.kinds).toEqual(field.kinds);
      expect(other?.seen).toEqual(field.seen);
      expect([other?.lowest, other?.highest]).toEqual([field.lowest, field.highest]);
      // Below the limit every value is still there, so nothing at all is lost.
      expect(other?.numbers).toEqual(field.numbers);
      expect(other?.lengths).toEqual(field.lengths);
      // Which of too many texts are counted one by one depends on the parts.
      if (field.categories.others > 0) continue;
      expect(new Map(other?.categories.each)).toEqual(new Map(field.categories.each));
      expect(other?.shapes).toEqual(field.shapes);
    }
  });

  it("are distributed as the unmerged one where both were cut", () => {
    let low = 0;
    const rounds = 40;
    for (let round = 0; round < rounds; round += 1) {
      const random = createRandomStream(round);
      // Each part has another level, so that a wrong weight shows.
      const values = (count: number, level: number): Row[] =>
        Array.from({ length: count }, () => ({ amount: level + random() }));
      const [early, late] = [values(9_000, 0), values(7_000, 1)];
      const merged = mergeSamples(sampleOf(early, 1), sampleOf(late, 2), round);
      const whole = sampleOf([...early, ...late], 3);
      const [first, second] = [merged, whole].map(
        ({ fields }) => fields.find(({ name }) => name === "amount")?.numbers ?? new Float64Array(),
      );
      expect(first?.length).toBe(keptSampleMax.numbers);
      if (testGap(first ?? new Float64Array(), second ?? new Float64Array()).pValue < 0.05) low += 1;
    }
    process.stdout.write(`merged against unmerged samples: ${low} of ${rounds} differ at 5 %\n`);
    expect(low).toBeLessThanOrEqual(6);
  });

  it("know that ids stay unique only while none comes twice, and ordered only one after the other", () => {
    const ids = (from: number, count: number): ContractSample =>
      sampleOf(Array.from({ length: count }, (_, at) => ({ invoice_id: `INV-${from + at}`, amount: from + at })));
    const flags = ({ fields }: ContractSample): readonly (boolean | undefined)[] => [
      fields[0]?.isUnique,
      fields.find(({ name }) => name === "amount")?.isOrdered,
    ];
    expect(flags(mergeSamples(ids(0, 50), ids(50, 50), 1))).toEqual([true, true]);
    expect(flags(mergeSamples(ids(0, 50), ids(49, 50), 1))).toEqual([false, false]);
  });

  it("add up faults, and what is too many ways of them together", () => {
    const faulty = (from: number): ContractSample => {
      const sampler = createContractSampler(contract, 1);
      for (let at = 0; at < 80; at += 1) sampler.quarantine([{ field: `f${from + at}`, expected: "a value" }]);
      return sampler.sample();
    };
    const { quarantined } = mergeSamples(faulty(0), faulty(40), 1);
    expect(quarantined.records).toBe(160);
    expect(quarantined.faults.length).toBe(keptSampleMax.faults);
    expect(quarantined.faults.reduce((sum, { records }) => sum + records, 0)).toBe(160);
    expect(quarantined.faults.find(({ field }) => field === "f50")?.records).toBe(2);
  });
});

describe("a written sample", () => {
  const sample = sampleOf(makeInvoices(400, 3));

  it("is read as it was, through JSON", () => {
    expect(readSample(JSON.parse(JSON.stringify(keepSample(sample))))).toEqual(sample);
  });

  it("counts text from a file and typed values alike, as the contract types them", () => {
    const rows = makeInvoices(300, 4);
    const untyped = createContractSampler(contract, 1);
    for (const row of rows) {
      const cells = Object.values(row).map((value) => (value === null ? "" : String(value)));
      untyped.accept({ columns: Object.keys(row), cells }, true);
    }
    expect(untyped.sample()).toEqual(sampleOf(rows));
  });

  it("stays within its bounds whatever comes", () => {
    const sampler = createContractSampler(contract, 1);
    const text = "x".repeat(10_000);
    for (let at = 0; at < 12_000; at += 1) {
      sampler.accept(
        { columns: ["customer", "amount"], cells: [`${text}${at}`, at === 0 ? Number.POSITIVE_INFINITY : at] },
        false,
      );
    }
    const kept = keepSample(sampler.sample());
    expect(JSON.stringify(kept).length).toBeLessThan(200_000);
    expect(readSample(JSON.parse(JSON.stringify(kept))).records).toBe(12_000);
  });

  it.each([
    ["another version", { schema: "airworthy.sample/2" }, "$.schema"],
    ["a count below zero", { records: -1 }, "$.records"],
    ["more values than records", { records: 1 }, "$.fields.0"],
    ["a field twice", { fields: [keepSample(sample).fields[0], keepSample(sample).fields[0]] }, "$.fields"],
    ["an unknown key", { also: 1 }, "$"],
  ])("is refused with %s", (_, change, place) => {
    const broken: unknown = JSON.parse(JSON.stringify({ ...keepSample(sample), ...change }));
    expect(() => readSample(broken)).toThrow(expect.objectContaining({ code: "invalid_input", place }));
  });
});
