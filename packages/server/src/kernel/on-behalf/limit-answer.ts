/** A connector's answer with the rows that the person may see; what lies outside altogether counts as rejected. */
import type { GovernedTool, OnBehalfOf } from "@airworthy/contract";

import type { ConnectorAnswer } from "../deps.ts";
import { limitRows } from "./limit-rows.ts";

type For = {
  readonly tool: GovernedTool;
  readonly mcp: boolean;
  readonly onBehalfOf: OnBehalfOf | undefined;
};

export function limitAnswer(
  answer: ConnectorAnswer,
  { tool, mcp, onBehalfOf }: For,
): { readonly answer: ConnectorAnswer; readonly leftOut?: number } {
  const { rows } = tool.definition;
  if (answer.kind !== "answered" || rows === undefined) return { answer };
  const limited = limitRows(answer.result, { rows, mcp, onBehalfOf });
  if ("refused" in limited) return { answer: { kind: "rejected", code: "outside_limits", detail: limited.refused } };
  return { answer: { ...answer, result: limited.result }, leftOut: limited.leftOut };
}
