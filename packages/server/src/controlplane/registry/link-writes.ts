/** Checks what a write says that it leaves behind: facts that reads yield, with a value or a version to know them by. */
import type { WriteRule, YieldRule } from "@airworthy/contract";

import { reportTool } from "./link-index.ts";
import type { LinkedTool, LinkIndex } from "./link-index.ts";
import { suggestName } from "./nearest-name.ts";

export function linkWrites(index: LinkIndex): void {
  const types = new Map<string, YieldRule["type"]>();
  for (const { tool } of index.tools.values()) for (const rule of tool.yields ?? []) types.set(rule.fact, rule.type);
  for (const linked of index.tools.values()) {
    for (const [position, rule] of (linked.tool.writes ?? []).entries())
      linkWrite(index, linked, { rule, position, types });
  }
}

type Written = {
  readonly rule: WriteRule;
  readonly position: number;
  readonly types: ReadonlyMap<string, YieldRule["type"]>;
};

function linkWrite(index: LinkIndex, linked: LinkedTool, { rule, position, types }: Written): void {
  const at = { linked, path: ["writes", position, "fact"] };
  const { fact, value, version } = rule;
  if (linked.tool.effect === "read") {
    reportTool(
      index,
      { ...at, code: "AW1801" },
      { message: `${linked.tool.name} only reads; it leaves nothing behind` },
    );
  }
  if (value === undefined && version === undefined) {
    const message = `nothing tells what ${linked.tool.name} leaves of ${fact}: no read could be seen to show it`;
    const hint = "add value: $.argument, or version: a path into the result, or etag";
    reportTool(index, { ...at, code: "AW1802" }, { message, hint });
  }
  const type = types.get(fact);
  if (type === undefined) {
    // While files are missing, so may be the read that yields it.
    if (!index.complete) return;
    const message = `no read yields ${fact}: that it changes will never be seen`;
    reportTool(index, { ...at, code: "AW1803" }, { message, hint: suggestName(fact, [...types.keys()]) });
    return;
  }
  if (value === undefined || (typeof value === "string" && value.startsWith("$"))) return;
  const isOfType = type === "integer" ? typeof value === "number" : typeof value === type;
  if (isOfType) return;
  const message = `${fact} is ${type}, and ${JSON.stringify(value)} is not`;
  reportTool(index, { code: "AW1804", linked, path: ["writes", position, "value"] }, { message });
}
