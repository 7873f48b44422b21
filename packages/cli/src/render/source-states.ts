/** Sources that bring records in, as a table and one by one. */
import type { SourceDetail, SourceState } from "@airworthy/contract";

import { clean } from "../text/clean.ts";
import { ageText, clockText, relativeText } from "../text/moment.ts";
import type { Paint } from "../text/paint.ts";
import { type Cell, renderTable } from "../text/table.ts";

type Look = { readonly paint: Paint; readonly width: number; readonly now: number };

const number = (count: number): string => count.toLocaleString("en-US");

export function renderSources(sources: readonly SourceState[], look: Look): string {
  if (sources.length === 0) return "No source brings records in.\n";
  const table = renderTable(
    [
      { title: "SOURCE", shrinks: true },
      { title: "KIND" },
      { title: "STATE" },
      { title: "LAST", align: "right" },
      { title: "LAG", align: "right" },
      { title: "RECORDS", align: "right" },
      { title: "DUPLICATES", align: "right" },
      { title: "LATE", align: "right" },
      { title: "QUARANTINED", align: "right" },
      { title: "WAITING", align: "right" },
    ],
    sources.map((source) => [
      clean(source.name),
      source.type,
      stateCell(source, look),
      source.lastAt === undefined ? "-" : ageText(source.lastAt, look.now),
      source.lag === undefined ? "-" : number(source.lag),
      number(source.records),
      number(source.duplicates),
      number(source.late),
      number(source.quarantined),
      source.held === 0 ? "-" : { text: number(source.held), paint: look.paint.yellow },
    ]),
    { width: look.width, title: look.paint.dim },
  );
  return `${table}${sources.map((source) => problemText(source, look)).join("")}`;
}

function stateCell({ state }: SourceState, { paint }: Look): Cell {
  return state === "failing" ? { text: state, paint: paint.red } : state;
}

function problemText({ name, problem }: SourceState, { now }: Look): string {
  return problem === undefined ? "" : `${clean(name)}, ${relativeText(problem.at, now)}: ${clean(problem.message)}\n`;
}

export function renderSource(source: SourceDetail, look: Look): string {
  const { paint, now, width } = look;
  const current = Object.entries(source.current).map(([record, count]) => `${number(count)} ${clean(record)}`);
  const lines = [
    ["state", source.state],
    ["current", current.length === 0 ? "nothing yet" : current.join(", ")],
    ["position", source.position === undefined ? undefined : clean(source.position)],
    ["lag", source.lag === undefined ? undefined : number(source.lag)],
    ["all in as of", source.caughtUpAt === undefined ? undefined : clockText(source.caughtUpAt)],
    [
      "taken",
      `${number(source.records)} records, ${number(source.duplicates)} duplicates, ${number(source.late)} late`,
    ],
    ["quarantined", `${number(source.quarantined)}, of which ${number(source.held)} wait for a person`],
  ].flatMap(([name = "", text]) => (text === undefined ? [] : [`  ${name.padEnd(13)} ${text}\n`]));
  const batches = renderTable(
    [
      { title: "BATCH", shrinks: true },
      { title: "STATE" },
      { title: "AGE", align: "right" },
      { title: "RECORDS", align: "right" },
      { title: "DUPLICATES", align: "right" },
      { title: "LATE", align: "right" },
      { title: "QUARANTINED", align: "right" },
      { title: "ORIGIN", shrinks: true },
    ],
    source.batches.map((batch) => [
      clean(batch.batch),
      batch.state === "rejected" ? { text: batch.state, paint: paint.red } : batch.state,
      ageText(batch.receivedAt, now),
      number(batch.records),
      number(batch.duplicates),
      number(batch.late),
      number(batch.quarantined),
      clean(batch.reason === undefined ? batch.origin : `${batch.origin}: ${batch.reason}`),
    ]),
    { width, title: paint.dim },
  );
  const head = `${paint.bold(clean(source.name))} (${source.type})\n${problemText(source, look)}`;
  return `${head}${lines.join("")}\n${source.batches.length === 0 ? "No batches yet.\n" : batches}`;
}
