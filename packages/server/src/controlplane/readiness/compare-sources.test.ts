/** What comparing promises: few false alarms on the same data, and planted shifts found, named and weighed. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, it } from "vitest";

import { createRandomStream } from "../../kernel/stats/random-stream.ts";
import { compareSamples } from "./compare-sources.ts";
import type { SourceSample } from "./profile-source.ts";
import { makeInvoices } from "./readiness.fixture.ts";
import type { Row } from "./readiness.fixture.ts";
import { createFieldSampler } from "./sample-field.ts";

/** A source from rows in memory, read as JSON is. */
function sampleRows(rows: readonly Row[]): SourceSample {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const fields = names.map((name) => {
    const sampler = createFieldSampler(name, { untyped: false });
    for (const row of rows) if (row[name] !== undefined) sampler.add(row[name]);
    return sampler.sample();
  });
  return { file: "rows.json", format: "json", records: rows.length, unreadable: 0, fields };
}

function split<T>(rows: readonly T[], share: number, random: () => number): readonly [T[], T[]] {
  const keyed = rows.map((row) => ({ row, key: random() })).toSorted((left, right) => left.key - right.key);
  const shuffled = keyed.map(({ row }) => row);
  const at = Math.round(rows.length * share);
  return [shuffled.slice(0, at), shuffled.slice(at)];
}

const splits = 200;

/** Of 200 random splits of the same rows, those with any finding at all. */
function countFalseAlarms(rows: readonly Row[], look: { alpha: number; share: number; seed: number }): number {
  const random = createRandomStream(look.seed);
  let alarms = 0;
  for (let round = 0; round < splits; round += 1) {
    const [pilot, production] = split(rows, look.share, random);
    if (compareSamples(sampleRows(pilot), sampleRows(production), look.alpha).findings.length > 0) alarms += 1;
  }
  return alarms;
}

function say(what: string, alarms: number, alpha: number): void {
  process.stdout.write(`false alarms, ${what}: ${alarms} of ${splits} splits at alpha ${alpha}\n`);
}

describe("false alarms", () => {
  it.each([
    { rows: 800, share: 0.5, alpha: 0.05, seed: 1 },
    { rows: 800, share: 0.2, alpha: 0.05, seed: 2 },
    { rows: 300, share: 0.5, alpha: 0.05, seed: 3 },
    { rows: 800, share: 0.5, alpha: 0.01, seed: 4 },
  ])(
    "on $rows made-up rows, $share of them the pilot, stay within alpha $alpha",
    ({ rows, ...look }) => {
      const alarms = countFalseAlarms(makeInvoices(rows, 99), look);
      say(`${rows} made-up rows, pilot ${look.share}`, alarms, look.alpha);
      expect(alarms / splits).toBeLessThanOrEqual(look.alpha);
    },
    600_000,
  );

  const data = path.resolve(import.meta.dirname, "../../../../../../shared/data");
  const banking = path.join(data, "banking77/test.csv");
  it.skipIf(!existsSync(banking))(
    "on real bank inquiries (skipped where ../shared/data is absent)",
    () => {
      const lines = readFileSync(banking, "utf8")
        .split("\n")
        .slice(1)
        .filter((line) => line.includes(","));
      const rows = lines.map((line) => {
        const at = line.lastIndexOf(",");
        return { text: line.slice(0, at), category: line.slice(at + 1).trim(), characters: at };
      });
      const alarms = countFalseAlarms(rows.slice(0, 2000), { alpha: 0.05, share: 0.5, seed: 7 });
      say("banking77", alarms, 0.05);
      expect(rows.length).toBeGreaterThan(3000);
      expect(alarms / splits).toBeLessThanOrEqual(0.05);
    },
    600_000,
  );

  const taxi = path.join(data, "nab/data/realKnownCause/nyc_taxi.csv");
  it.skipIf(!existsSync(taxi))(
    "on real taxi counts (skipped where ../shared/data is absent)",
    () => {
      const lines = readFileSync(taxi, "utf8")
        .split("\n")
        .slice(1)
        .filter((line) => line.includes(","));
      const rows = lines.slice(0, 2000).map((line) => {
        const [at = "", count = ""] = line.trim().split(",");
        return { at, passengers: Number(count), hour: Number(at.slice(11, 13)) };
      });
      const alarms = countFalseAlarms(rows, { alpha: 0.05, share: 0.5, seed: 8 });
      say("nyc_taxi", alarms, 0.05);
      expect(rows.length).toBe(2000);
      expect(alarms / splits).toBeLessThanOrEqual(0.05);
    },
    600_000,
  );
});

type Shift = {
  readonly name: string;
  readonly field: string;
  readonly kind: string;
  readonly severity: "severe" | "notice";
  readonly change: (row: Row, random: () => number) => Row;
};

const amountOf = (row: Row): number => Number(row["amount"]);
const shifts: readonly Shift[] = [
  {
    name: "amounts 30 % higher",
    field: "amount",
    kind: "drift",
    severity: "severe",
    change: (row) => ({ ...row, amount: amountOf(row) * 1.3 }),
  },
  {
    name: "2 % of amounts in cents",
    field: "amount",
    kind: "tail_high",
    severity: "severe",
    change: (row, random) => (random() < 0.02 ? { ...row, amount: amountOf(row) * 100 } : row),
  },
  {
    name: "2 % of amounts negative",
    field: "amount",
    kind: "tail_low",
    severity: "severe",
    change: (row, random) => (random() < 0.02 ? { ...row, amount: -amountOf(row) } : row),
  },
  {
    name: "3 % of a new status",
    field: "status",
    kind: "unseen",
    severity: "severe",
    change: (row, random) => (random() < 0.03 ? { ...row, status: "escalated" } : row),
  },
  {
    name: "many rare new customers",
    field: "customer",
    kind: "unseen",
    severity: "severe",
    change: (row, random) => (random() < 0.1 ? { ...row, customer: `X-${Math.floor(random() * 1e6)}` } : row),
  },
  {
    name: "open invoices paid",
    field: "status",
    kind: "drift",
    severity: "severe",
    change: (row, random) => (row["status"] === "open" && random() < 0.3 ? { ...row, status: "paid" } : row),
  },
  {
    name: "4 % of statuses gone",
    field: "status",
    kind: "missing",
    severity: "severe",
    change: (row, random) => (random() < 0.04 ? { ...row, status: null } : row),
  },
  {
    name: "more weights missing",
    field: "weight_kg",
    kind: "missing",
    severity: "severe",
    change: (row, random) => (random() < 0.1 ? { ...row, weight_kg: null } : row),
  },
  {
    name: "3 % of amounts as text",
    field: "amount",
    kind: "malformed",
    severity: "severe",
    change: (row, random) => (random() < 0.03 ? { ...row, amount: "1.234,50" } : row),
  },
  {
    name: "ids of another system",
    field: "invoice_id",
    kind: "format",
    severity: "severe",
    change: (row, random) => (random() < 0.2 ? { ...row, invoice_id: `${Math.floor(random() * 1e9)}/2026` } : row),
  },
  {
    name: "longer notes",
    field: "note",
    kind: "drift",
    severity: "severe",
    change: (row) => ({ ...row, note: `${String(row["note"])} and more` }),
  },
  {
    name: "a little express",
    field: "express",
    kind: "drift",
    severity: "notice",
    change: (row, random) => (random() < 0.115 ? { ...row, express: true } : row),
  },
];

describe("planted shifts", () => {
  const rounds = 20;
  const pilots = Array.from({ length: rounds }, (_, round) => sampleRows(makeInvoices(1500, 1000 + round)));
  const unchanged = Array.from({ length: rounds }, (_, round) => makeInvoices(1500, 2000 + round));

  it.each(shifts)(
    "$name: found in at least 19 of 20 productions of 1,500 rows",
    (shift) => {
      let found = 0;
      for (const [round, pilot] of pilots.entries()) {
        const random = createRandomStream(500 + round);
        const production = sampleRows((unchanged[round] ?? []).map((row) => shift.change(row, random)));
        const { findings } = compareSamples(pilot, production, 0.01);
        if (findings.some(({ field, kind }) => field === shift.field && kind === shift.kind)) found += 1;
      }
      process.stdout.write(`planted, ${shift.name}: ${found} of ${rounds} found as ${shift.kind} of ${shift.field}\n`);
      expect(found).toBeGreaterThanOrEqual(19);
    },
    600_000,
  );

  it.each(shifts)("$name: said in one sentence, about that field alone, as $severity", (shift) => {
    const random = createRandomStream(5);
    const pilot = sampleRows(makeInvoices(6000, 1));
    const production = sampleRows(makeInvoices(6000, 2).map((row) => shift.change(row, random)));
    const { findings, ok } = compareSamples(pilot, production, 0.01);
    expect([...new Set(findings.map(({ field }) => field))]).toEqual([shift.field]);
    const finding = findings.find(({ kind }) => kind === shift.kind);
    expect(finding).toMatchObject({ severity: shift.severity });
    expect(finding?.sentence).toContain(shift.field);
    expect(finding?.sentence).not.toMatch(/NaN|undefined|Infinity/);
    expect(ok).toBe(findings.every(({ severity }) => severity === "notice"));
  });
});

describe("comparing", () => {
  const rows = makeInvoices(800, 3);

  it("finds nothing in the same rows, and says what it did not look at", () => {
    const found = compareSamples(sampleRows(rows), sampleRows(rows), 0.01);
    expect(found).toMatchObject({ ok: true, findings: [] });
    expect(found.untested.map(({ field }) => field)).toEqual(["invoice_id", "due", "note"]);
    expect(found.noticeable).toBeGreaterThan(0.05);
    expect(found.noticeable).toBeLessThan(0.2);
  });

  it("needs no test for columns that come and go", () => {
    const renamed = rows.map(({ amount, ...row }): Row => ({ ...row, amount_eur: amount ?? 0 }));
    const { findings, ok } = compareSamples(sampleRows(rows), sampleRows(renamed), 0.01);
    expect(ok).toBe(false);
    expect(findings.map(({ kind, field, severity }) => [kind, field, severity])).toEqual([
      ["missing_field", "amount", "severe"],
      ["new_field", "amount_eur", "notice"],
    ]);
  });

  it("calls an empty production severe, and a tiny one not proven", () => {
    expect(compareSamples(sampleRows(rows), sampleRows([]), 0.01).ok).toBe(false);
    const few = compareSamples(sampleRows(rows), sampleRows(makeInvoices(6, 4)), 0.01);
    expect(few.findings).toEqual([]);
    expect(few.noticeable).toBeGreaterThan(0.7);
  });

  it("weighs what is certain but tiny as a notice", () => {
    const shifted = makeInvoices(20_000, 6).map((row) => ({
      ...row,
      quantity: Number(row["quantity"]) + (amountOf(row) % 1 < 0.08 ? 1 : 0),
    }));
    const { findings, ok } = compareSamples(sampleRows(makeInvoices(20_000, 5)), sampleRows(shifted), 0.01);
    expect(findings.filter(({ field }) => field === "quantity").map(({ severity }) => severity)).toContain("notice");
    expect(ok).toBe(findings.every(({ severity }) => severity === "notice"));
  });

  it("shows both over the same bins, each adding up to one", () => {
    const doubled = rows.map((row) => ({
      ...row,
      amount: amountOf(row) * 2,
      status: row["status"] === "open" ? "new" : (row["status"] ?? null),
    }));
    const { findings } = compareSamples(sampleRows(rows), sampleRows(doubled), 0.01);
    const pictures = findings.flatMap(({ picture }) => (picture === undefined ? [] : [picture]));
    expect(pictures.length).toBeGreaterThanOrEqual(2);
    for (const picture of pictures) {
      expect(picture.reduce((sum, bar) => sum + bar.pilot, 0)).toBeCloseTo(1, 9);
      expect(picture.reduce((sum, bar) => sum + bar.production, 0)).toBeCloseTo(1, 9);
      expect(picture.length).toBeLessThanOrEqual(10);
    }
    const drift = findings.find(({ kind, field }) => kind === "drift" && field === "amount");
    expect(drift?.stability?.index).toBeGreaterThan(drift?.stability?.limit ?? 1);
  });

  it("hides what looks like a secret", () => {
    const secret = "sk_live_abcdefghijklmnopqrstuv";
    const leaked = rows.map((row, at) => (at % 10 === 0 ? { ...row, status: secret } : row));
    const found = compareSamples(sampleRows(rows), sampleRows(leaked), 0.01);
    expect(found.findings.some(({ kind }) => kind === "unseen")).toBe(true);
    expect(JSON.stringify(found)).not.toContain("abcdefgh");
  });
});
