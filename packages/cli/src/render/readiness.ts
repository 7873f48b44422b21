/** Watched sources, for people: how each stands, its newest windows, and every finding with its sentence and picture. */
import type { SourceWindow, WatchedFinding, WatchedSource } from "@airworthy/contract";

import { percentText } from "../text/bars.ts";
import { clean } from "../text/clean.ts";
import { relativeText } from "../text/moment.ts";
import type { Paint } from "../text/paint.ts";
import { countText } from "../text/value.ts";
import { wrap } from "../text/width.ts";
import { findingLines } from "./findings.ts";

type Look = { readonly paint: Paint; readonly width: number; readonly now: number };

export function renderReadiness(sources: readonly WatchedSource[], look: Look): string {
  if (sources.length === 0) return "No source contract is watched.\n";
  return sources
    .map((source) =>
      sourceLines(source, look)
        .map((line) => `${line}\n`)
        .join(""),
    )
    .join("\n");
}

function sourceLines(source: WatchedSource, look: Look): readonly string[] {
  const { paint, width } = look;
  const open = source.findings.filter(({ state, finding }) => state === "open" && finding.severity === "severe").length;
  const verdict = verdictOf(source, open, paint);
  const promise = `${countText(source.looks, "look")} at this baseline so far; false alarms over all of them together: at most ${percentText(source.alpha)}.`;
  return [
    `${verdict}  ${paint.bold(clean(source.contract))} version ${source.version}`,
    ...wrap(baselineText(source, look), width),
    ...wrap(windowText(source.windows, look), width),
    ...source.findings.flatMap((finding) => ["", ...watchedLines(finding, look)]),
    ...(source.baseline === undefined ? [] : ["", ...wrap(promise, width).map(paint.dim)]),
  ];
}

function verdictOf({ baseline }: WatchedSource, open: number, paint: Paint): string {
  if (open > 0) return `${paint.red("not ready")}  ${countText(open, "severe open finding")}`;
  return baseline === undefined ? paint.yellow("not compared yet") : paint.green("ready");
}

function baselineText({ baseline, contract, windows }: WatchedSource, { now }: Look): string {
  if (baseline !== undefined) {
    return `baseline ${baseline.number}: ${clean(baseline.origin)}, ${countText(baseline.records, "record")}, set ${relativeText(baseline.at, now)} by ${clean(baseline.by)}`;
  }
  if (windows.some(({ state }) => state === "open" || state === "closed")) {
    return "no baseline yet: it is being taken from the first records";
  }
  return `no baseline yet: airworthy sources baseline set ${clean(contract)} FILE`;
}

function windowText(windows: readonly SourceWindow[], { now }: Look): string {
  const seen = ({ records, quarantined }: SourceWindow): string =>
    quarantined === 0
      ? countText(records, "record")
      : `${countText(records, "record")} and ${quarantined.toLocaleString("en-US")} quarantined`;
  const open = windows.find(({ state }) => state === "open");
  const last = windows.find(({ state }) => state === "compared");
  const parts = [
    last === undefined
      ? undefined
      : `last window ${last.number}: ${seen(last)}, ${relativeText(last.closedAt ?? last.openedAt, now)}`,
    open === undefined ? undefined : `filling window ${open.number}: ${seen(open)}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? "no window yet" : parts.join("; ");
}

function watchedLines({ id, state, finding, ...rest }: WatchedFinding, look: Look): readonly string[] {
  const { paint, now } = look;
  const times = rest.windows === 1 ? "in one window" : `in ${rest.windows} windows, last in ${rest.lastWindow}`;
  const answered =
    rest.decidedBy === undefined ? "" : ` by ${clean(rest.decidedBy)}: ${clean(rest.reason ?? "no reason given")}`;
  return [
    ...findingLines(finding, look),
    paint.dim(`  found ${times}, first ${relativeText(rest.openedAt, now)}`),
    ...wrap(`${state}${answered}`, look.width - 2).map((line) => `  ${line}`),
    `  ${id}`,
  ];
}
