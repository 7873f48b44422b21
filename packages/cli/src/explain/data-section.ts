/** Personal and other classed data: on whose behalf it was, which classes were seen where, and what was done with them. */
import type { ActionRecord, DataUse } from "@airworthy/contract";

import { clean } from "../text/clean.ts";
import { renderTable, type Cell, type Column } from "../text/table.ts";
import { countText } from "../text/value.ts";
import { indent, textLines, titleLine } from "./lines.ts";
import type { Look, Section } from "./look.ts";

export const renderData: Section = ({ action }, look) => {
  const { data = [], leftOut, onBehalfOf } = action;
  if (data.length === 0 && leftOut === undefined && onBehalfOf === undefined) return [];
  return [
    titleLine("Data", look),
    ...(onBehalfOf === undefined ? [] : textLines(personText(onBehalfOf), look)),
    ...(leftOut === undefined
      ? []
      : textLines(`${countText(leftOut, "row")} outside the person's limits left out`, look)),
    ...(data.length === 0 ? [] : useLines(data, look)),
  ];
};

function personText({ person, issuer, attributes }: NonNullable<ActionRecord["onBehalfOf"]>): string {
  const held = Object.entries(attributes).map(([name, values]) => `${name} ${values.join(", ")}`);
  return `on behalf of ${person}, vouched for by ${issuer}${held.length > 0 ? `: ${held.join("; ")}` : ""}`;
}

const howText: Record<DataUse["how"], string> = {
  declared: "declared of the field",
  lineage: "carried by the value",
  detected: "found in the text",
  token: "a token",
};
const didText: Record<DataUse["did"], string> = {
  none: "as it is",
  masked: "masked",
  tokenised: "as a token",
  blocked: "blocked",
  revealed: "token turned into its value",
};
const columns: readonly Column[] = [
  { title: "CLASS", shrinks: true },
  { title: "WHERE", shrinks: true },
  { title: "KNOWN BY" },
  { title: "WENT ON" },
  { title: "RULE OR AGREEMENT", shrinks: true },
];

function useLines(data: readonly DataUse[], look: Look): readonly string[] {
  const rows = data.map((use): readonly Cell[] => [
    clean(use.class),
    clean(`${use.at} ${use.path}${use.count > 1 ? ` ×${use.count}` : ""}`),
    howText[use.how],
    { text: didText[use.did], paint: use.did === "none" ? look.paint.dim : look.paint.green },
    clean(use.rule ?? use.agreement ?? ""),
  ]);
  const table = renderTable(columns, rows, { width: look.width - indent.length, title: look.paint.dim });
  return table
    .trimEnd()
    .split("\n")
    .map((line) => indent + line);
}
