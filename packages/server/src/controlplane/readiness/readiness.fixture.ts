/** Made-up invoices for tests: the same seed gives the same file. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createRandomStream } from "../../kernel/stats/random-stream.ts";

export type Row = Readonly<Record<string, string | number | boolean | null>>;

/** The first ones more often, as in life. */
const pick = (random: () => number, values: readonly string[]): string =>
  values[Math.floor(random() * random() * values.length)] ?? "";

export function makeInvoices(count: number, seed: number): Row[] {
  const random = createRandomStream(seed);
  return Array.from({ length: count }, (_, at) => ({
    invoice_id: `INV-${10_000 + at}`,
    customer: `C-${Math.floor(random() * 400)}`,
    status: pick(random, ["open", "paid", "disputed", "void"]),
    amount: Math.round(Math.exp(3 + 2 * random() + random()) * 100) / 100,
    quantity: 1 + Math.floor(random() * 9),
    weight_kg: random() < 0.04 ? null : Math.round((random() + random() + random()) * 1000) / 100,
    express: random() < 0.2,
    due: `2026-0${1 + Math.floor(random() * 9)}-1${Math.floor(random() * 10)}`,
    note: Array.from({ length: 2 + Math.floor(random() * 9) }, () =>
      pick(random, ["call", "net", "Late", "12", "?"]),
    ).join(" "),
  }));
}

/** CSV with quotes where they are needed; null is nothing between commas. */
export function toCsv(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const cell = (value: Row[string] | undefined): string => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns.join(","), ...rows.map((row) => columns.map((name) => cell(row[name])).join(","))].join("\n");
}

export type Folder = {
  readonly write: (name: string, text: string | Buffer) => string;
  readonly path: string;
  readonly remove: () => void;
};

export function makeFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), "airworthy-readiness-"));
  return {
    path,
    write: (name, text) => {
      writeFileSync(join(path, name), text);
      return join(path, name);
    },
    remove: () => rmSync(path, { recursive: true }),
  };
}
