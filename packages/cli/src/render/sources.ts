/** Profiles, comparisons and contract checks of sources, for people. */
import type { ContractCheck, FieldSummary, SourceComparison } from "@airworthy/contract";

import type { SourceDescription } from "../server-parts.ts";
import { percentText, sparkline } from "../text/bars.ts";
import { clean } from "../text/clean.ts";
import type { Paint } from "../text/paint.ts";
import { renderTable } from "../text/table.ts";
import { countText } from "../text/value.ts";
import { cut, wrap } from "../text/width.ts";
import { findingLines } from "./findings.ts";

type Look = { readonly paint: Paint; readonly width: number };

const numberText = (value: number | undefined): string =>
  value === undefined ? "" : value.toLocaleString("en-US", { maximumSignificantDigits: 6 });

export function renderProfile({ profile, pictures }: SourceDescription, look: { paint: Paint; width: number }): string {
  const unreadable = profile.unreadable === 0 ? "" : `, ${look.paint.red(`${profile.unreadable} cannot be read`)}`;
  const head = `${clean(profile.file)}  ${countText(profile.records, "record")}, ${countText(profile.fields.length, "field")}${unreadable}\n\n`;
  const rows = profile.fields.map((field) => [
    cut(clean(field.name), 24),
    `${field.type}${field.role === "identifier" ? " id" : ""}`,
    percentText(field.missing / Math.max(1, profile.records)),
    String(field.malformed),
    field.distinct === undefined ? "many" : numberText(field.distinct),
    rangeText(field),
    sparkline((pictures[field.name] ?? []).map(({ pilot }) => pilot)),
  ]);
  const table = renderTable(
    [
      { title: "FIELD" },
      { title: "TYPE" },
      { title: "MISSING", align: "right" },
      { title: "MALFORMED", align: "right" },
      { title: "DISTINCT", align: "right" },
      { title: "RANGE, MEDIAN", shrinks: true },
      { title: "SHAPE" },
    ],
    rows,
    { width: look.width, title: look.paint.dim },
  );
  return head + table;
}

const rangeText = ({ lowest, median, highest }: FieldSummary): string =>
  lowest === undefined ? "" : `${numberText(lowest)} … ${numberText(median)} … ${numberText(highest)}`;

export function renderComparison(found: SourceComparison, look: Look): string {
  const { paint } = look;
  const severe = found.findings.filter(({ severity }) => severity === "severe").length;
  const severity = severe > 0 ? countText(severe, "severe finding") : "no severe finding";
  const verdict = `${found.ok ? paint.green("ready") : paint.red("not ready")}  ${severity}`;
  const counts = `${countText(found.pilot.records, "record")} in the pilot, ${found.production.records.toLocaleString("en-US")} in production, ${countText(found.tests, "test")}`;
  const noticeable = `A distribution has to move by ${percentText(found.noticeable)} of its values to be noticed with so many records; false alarms: at most ${percentText(found.alpha)}.`;
  const untested = found.untested.map(({ field, why }) => `not compared: ${clean(field)} (${clean(why)})`);
  return [
    verdict,
    counts,
    ...found.findings.flatMap((finding) => ["", ...findingLines(finding, look)]),
    "",
    ...[noticeable, ...untested].flatMap((text) => wrap(text, look.width)).map(paint.dim),
  ]
    .map((line) => `${line}\n`)
    .join("");
}

export function renderContractCheck(found: ContractCheck, { paint, width }: Look): string {
  const counts = `${countText(found.records, "record")} against ${clean(found.contract.name)} version ${found.contract.version}`;
  if (found.ok) return `${paint.green("as agreed")}  ${counts}\n`;
  const rows = found.counts.map(({ field, expected, records, hint }) => [
    clean(field),
    clean(expected),
    numberText(records),
    clean(hint ?? ""),
  ]);
  const summary = renderTable(
    [
      { title: "FIELD", shrinks: true },
      { title: "EXPECTED", shrinks: true },
      { title: "RECORDS", align: "right" },
      { title: "" },
    ],
    rows.slice(0, 20),
    { width, title: paint.dim },
  );
  const shown = found.faults.slice(0, 20);
  const faults = renderTable(
    [
      { title: "RECORD", align: "right" },
      { title: "FIELD", shrinks: true },
      { title: "EXPECTED", shrinks: true },
      { title: "FOUND", shrinks: true },
    ],
    shown.map(({ record, field, expected, found: value }) => [
      String(record),
      clean(field),
      clean(expected),
      clean(value),
    ]),
    { width, title: paint.dim },
  );
  const quarantined = `${countText(found.quarantined, "record")} quarantined, ${found.accepted} accepted`;
  return `${paint.red("not as agreed")}  ${counts}: ${quarantined}\n\n${summary}\n${faults}`;
}
