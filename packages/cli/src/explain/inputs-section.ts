/** What the action rested on: arguments, facts with their age against the limit, and where each value came from. */
import type {
  ActionRecord,
  Citation,
  FactOrigin,
  FactUsed,
  LineageEdge,
  ValueClass,
  ValueOrigin,
} from "@airworthy/contract";

import { clean } from "../text/clean.ts";
import { clockText, spanText } from "../text/moment.ts";
import { renderTable, type Cell, type Column } from "../text/table.ts";
import { valueText } from "../text/value.ts";
import { cut } from "../text/width.ts";
import { indent, pairLines, textLines, titleLine } from "./lines.ts";
import type { Look, Section } from "./look.ts";

export const renderInputs: Section = ({ action, origins = [], citations = [] }, look) => [
  titleLine("Inputs", look),
  ...argumentLines(action, look),
  ...(action.facts.length === 0 ? textLines("It rested on no facts.", look) : factLines(action.facts, look)),
  ...computedLines(action, look),
  ...(action.lineage.length === 0 ? [] : [""]),
  ...action.lineage.flatMap((edge) => lineageLines(edge, look)),
  ...(origins.length === 0 ? [] : [""]),
  ...origins.flatMap((origin) => textLines(writtenText(origin), look)),
  ...originsOf(action).flatMap((origin, at) => [...(at === 0 ? [""] : []), ...valueLines(origin, look)]),
  ...citations.flatMap((citation) => textLines(citationText(citation), look)),
];

const valueColumns = 600;

function argumentLines(action: ActionRecord, look: Look): readonly string[] {
  const pairs = Object.entries(action.arguments).map(
    ([name, value]) => [cut(clean(name), 24), cut(valueText(value), valueColumns)] as const,
  );
  return pairs.length === 0 ? textLines("It had no arguments.", look) : pairLines(pairs, look);
}

/** What policies judged by beside arguments and facts. */
function computedLines({ computed = {} }: ActionRecord, look: Look): readonly string[] {
  const rows = Object.entries(computed).map(([name, value]): readonly Cell[] => [
    clean(name),
    cut(valueText(value), valueColumns),
  ]);
  if (rows.length === 0) return [];
  const table = renderTable(computedColumns, rows, { width: look.width - indent.length, title: look.paint.dim });
  const lines = table.trimEnd().split("\n");
  return ["", ...lines.map((line) => indent + line)];
}

const computedColumns: readonly Column[] = [
  { title: "COMPUTED", shrinks: true },
  { title: "VALUE", shrinks: true },
];
const columns: readonly Column[] = [
  { title: "FACT", shrinks: true },
  { title: "VALUE", shrinks: true },
  { title: "AGE", align: "right" },
  { title: "LIMIT", align: "right" },
  { title: "" },
];

function factLines(facts: readonly FactUsed[], look: Look): readonly string[] {
  const rows = facts.map((fact): readonly Cell[] => [
    clean(`${fact.fact} of ${fact.key}`),
    valueText(fact.value),
    spanText(fact.ageMs),
    spanText(fact.maxAgeMs),
    { text: barText(fact), paint: isStale(fact) ? look.paint.red : look.paint.green },
  ]);
  const table = renderTable(columns, rows, { width: look.width - indent.length, title: look.paint.dim });
  const [head = "", ...lines] = table.trimEnd().split("\n");
  return ["", indent + head, ...facts.flatMap((fact, at) => [indent + (lines[at] ?? ""), ...originLines(fact, look)])];
}

const isStale = (fact: FactUsed): boolean => fact.ageMs > fact.maxAgeMs;

/** The share of the allowed age that is used up, in tenths, with the word that says the same. */
function barText(fact: FactUsed): string {
  const share = fact.maxAgeMs > 0 ? fact.ageMs / fact.maxAgeMs : 1;
  const filled = Math.min(10, Math.max(0, Math.round(share * 10)));
  return `${"█".repeat(filled)}${"░".repeat(10 - filled)} ${isStale(fact) ? "stale" : "fresh"}`;
}

const howText: Record<FactUsed["how"], string> = {
  agent: "the agent's own read",
  lookup: "looked up, because the agent had not read it",
  reread: "read again, because the agent's read was stale",
};

function originLines(fact: FactUsed, look: Look): readonly string[] {
  const version = fact.sourceVersion === undefined ? "" : ` version ${fact.sourceVersion}`;
  const readBy = fact.readBy === undefined ? "" : `, by ${fact.readBy}`;
  const document = fact.document === undefined ? "" : `, document ${fact.document}`;
  const origin = `from ${fact.source}${version}${document}, as of ${clockText(fact.asOf)}; ${howText[fact.how]}${readBy}`;
  return [
    ...textLines(origin, look, { margin: detailMargin, paint: look.paint.dim }),
    ...(fact.believed === undefined
      ? []
      : textLines(believedText(fact, fact.believed), look, { margin: detailMargin, paint: look.paint.yellow })),
  ];
}

function believedText(fact: FactUsed, believed: NonNullable<FactUsed["believed"]>): string {
  const text = `the agent believed ${valueText(believed.value)}, from ${believed.source}, as of ${clockText(believed.asOf)}`;
  // The fact's own age was taken when the action was judged, so it dates the judgement.
  const ageMs = fact.ageMs + Date.parse(fact.asOf) - Date.parse(believed.asOf);
  return ageMs >= 0 ? `${text}: ${spanText(ageMs)} old by then` : text;
}

const detailMargin = `${indent}  `;

function lineageLines(edge: LineageEdge, look: Look): readonly string[] {
  const readBy = edge.readBy === undefined ? "" : `, read in ${edge.readBy}`;
  const text = `${edge.argument} ← ${edge.fact} of ${edge.key}, from ${edge.source}, as of ${clockText(edge.asOf)}${readBy}`;
  return textLines(text, look);
}

function writtenText({ fact, key, match, by }: FactOrigin): string {
  return `the ${match} of ${fact} of ${key} was written by ${by.action} of agent ${by.agent}, with ${by.tool}, at ${clockText(by.at)}`;
}

function citationText({ argument, reference, document, batch, fact, key }: Citation): string {
  const what = reference === undefined ? argument : `${clean(reference)} in ${argument}`;
  const where = batch === undefined ? "" : `${clean(batch)}, `;
  return `${what} stands in ${where}document ${document}, ${fact} ${clean(key)}`;
}

const classText: Record<ValueClass, string> = {
  prompt: "stated in the task",
  trusted_tool: "read from a trusted system",
  untrusted_tool: "taken from content that others can write",
  derived: "made of known values",
  nowhere: "found neither in the task nor in anything that was read",
};

/** A long argument list is for machines; people see what is sensitive, what is inside texts, and the first of the rest. */
const originsMax = 20;

function originsOf({ provenance = [] }: ActionRecord): readonly ValueOrigin[] {
  const telling = provenance.filter((one) => one.sensitive !== undefined || one.reference !== undefined);
  const rest = provenance.filter((one) => !telling.includes(one));
  return [...telling, ...rest].slice(0, originsMax);
}

function valueLines({ argument, reference, from, match, observation }: ValueOrigin, look: Look): readonly string[] {
  const what = reference === undefined ? argument : `${clean(reference)} in ${argument}`;
  const how = match === "overflow" ? ", perhaps: more was read than could be searched" : match ? ` (${match})` : "";
  const where = observation
    ? `: ${observation.tool} ${observation.path}, at ${clockText(observation.at)}, read in ${observation.readBy}`
    : "";
  const suspect = from === "untrusted_tool" || from === "nowhere";
  const text = `${what}: ${classText[from]}${how}${where}`;
  return textLines(text, look, suspect ? { paint: look.paint.yellow } : {});
}
