/** One row of the table: what was measured, the limit it is held to, and its ratio to something named. */

export type Row = {
  readonly what: string;
  readonly value: number;
  readonly unit: "µs" | "ms" | "/s" | "wrong" | "%" | "per 100" | "tasks";
  readonly p99Ms?: number;
  /** Of the rounds, where `value` is the best of them. */
  readonly median?: number;
  /** The limits of the design: `first` for now, `aim` for later. For "/s" and "%" at least, otherwise at most. */
  readonly first?: number;
  readonly aim?: number;
  readonly ratios: readonly { readonly to: string; readonly ratio: number }[];
  readonly notes?: readonly string[];
  /** What `--json` lists and the table leaves out. */
  readonly details?: readonly string[];
};

/** What a benchmark found wrong, not slow: the run fails with it. */
export class WrongAnswer extends Error {}

const isAtLeast = (unit: Row["unit"]): boolean => unit === "/s" || unit === "%";
const holds = ({ unit, value }: Row, limit: number): boolean => (isAtLeast(unit) ? value >= limit : value <= limit);

const number = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString("en-GB") : Number(value.toPrecision(3)).toString();
const amount = (value: number, unit: Row["unit"]): string =>
  unit === "/s" ? `${number(value)}/s` : `${number(value)} ${unit}`;

function limitText(row: Row, limit: number | undefined): string {
  if (limit === undefined) return "";
  return `${isAtLeast(row.unit) ? "≥" : "≤"} ${number(limit)} ${holds(row, limit) ? "yes" : "no"}`;
}

export function renderRow(row: Row): string {
  const measured = [
    amount(row.value, row.unit),
    ...(row.p99Ms === undefined ? [] : [`p99 ${number(row.p99Ms)}`]),
    ...(row.median === undefined ? [] : [`(median of rounds ${number(row.median)})`]),
  ].join("  ");
  const line = [
    row.what.padEnd(58),
    measured.padEnd(46),
    limitText(row, row.first).padEnd(12),
    limitText(row, row.aim),
  ];
  const ratios = row.ratios.map(({ to, ratio }) => `    ${number(ratio)}x ${to}`);
  return [line.join(" ").trimEnd(), ...ratios, ...(row.notes ?? []).map((note) => `    ${note}`)].join("\n");
}

export const heading = `${"what".padEnd(58)} ${"measured (best round)".padEnd(46)} ${"first".padEnd(12)} aim`;
