/** Checks what a tool says of business objects: those it touches, and what it leaves behind on its own. */
import { isDeepStrictEqual } from "node:util";

import { reportTool } from "./link-index.ts";
import type { LinkedTool, LinkIndex } from "./link-index.ts";
import { suggestName } from "./nearest-name.ts";

export function linkOutcomes(index: LinkIndex): void {
  const states = new Set([...index.tools.values()].flatMap(({ tool }) => tool.outcome?.state ?? []));
  for (const linked of index.tools.values()) {
    linkPlace(index, linked);
    linkTouches(index, linked);
    linkFlow(index, linked);
    linkStates(index, linked, states);
  }
}

function linkPlace(index: LinkIndex, linked: LinkedTool): void {
  const { name, effect, entity, outcome } = linked.tool;
  if (effect === "read") {
    for (const key of ["touches", "outcome"] as const) {
      if (linked.tool[key] === undefined) continue;
      const hint = `remove ${key}, or make it a write`;
      reportTool(
        index,
        { code: "AW1701", linked, path: [key] },
        { message: `${name} reads; it leaves nothing behind`, hint },
      );
    }
  } else if (outcome !== undefined && entity === undefined) {
    const message = `${name} says what it leaves behind, and not on which business object`;
    const hint = "add entity: { type: invoice, id: $.invoiceId }";
    reportTool(index, { code: "AW1702", linked, path: ["outcome"] }, { message, hint });
  }
}

function linkTouches(index: LinkIndex, linked: LinkedTool): void {
  const { entity, touches = [] } = linked.tool;
  for (const [position, one] of touches.entries()) {
    const before = [...(entity === undefined ? [] : [entity]), ...touches.slice(0, position)];
    if (!before.some((other) => isDeepStrictEqual(other, one))) continue;
    const message = `${one.type} ${one.id} is named already`;
    reportTool(index, { code: "AW1706", linked, path: ["touches", position] }, { message, hint: "remove it" });
  }
}

function linkFlow(index: LinkIndex, linked: LinkedTool): void {
  const { name, amount, outcome } = linked.tool;
  if (outcome === undefined) return;
  if (outcome.flow !== undefined && amount === undefined) {
    const message = `${name} says where its amount goes, and has no amount`;
    const hint = "add amount: { minor: $.amountMinor, currency: $.currency }";
    reportTool(index, { code: "AW1703", linked, path: ["outcome", "flow"] }, { message, hint });
  }
  if (outcome.flow === undefined && amount !== undefined) {
    const message = `${name} moves an amount and does not say which way; no business object's net counts it`;
    reportTool(index, { code: "AW1707", linked, path: ["outcome"] }, { message, hint: "add flow: in or flow: out" });
  }
}

function linkStates(index: LinkIndex, linked: LinkedTool, known: ReadonlySet<string>): void {
  const { outcome } = linked.tool;
  for (const key of ["contradicts", "ends"] as const) {
    for (const [position, state] of (outcome?.[key] ?? []).entries()) {
      const at = { linked, path: ["outcome", key, position] };
      if (state === outcome?.state) {
        const message = `${linked.tool.name} leaves ${state} behind and ${key} it`;
        reportTool(index, { ...at, code: "AW1705" }, { message, hint: "remove it" });
      } else if (!known.has(state) && index.complete) {
        const message = `no tool leaves the state "${state}" behind`;
        const hint = suggestName(state, known) ?? "a person may put it on record";
        reportTool(index, { ...at, code: "AW1704" }, { message, hint });
      }
    }
  }
}
