/** Checks the expressions of a tool: that they can be read, have their type, and name what is declared. */
import { AirworthyError } from "@airworthy/contract";

import { compileExpression } from "../../kernel/computed/expression.ts";
import { namesRead } from "../../kernel/computed/names-read.ts";
import { reportTool } from "./link-index.ts";
import type { LinkedTool, LinkIndex } from "./link-index.ts";
import { suggestName } from "./nearest-name.ts";

export function linkComputed(index: LinkIndex): void {
  for (const linked of index.tools.values()) {
    const above: string[] = [];
    for (const [name, { cel, type }] of Object.entries(linked.tool.computed ?? {})) {
      const path = ["computed", name, "cel"];
      try {
        compileExpression(cel, type);
        linkNames(index, linked, { path, cel, above });
      } catch (error) {
        if (!(error instanceof AirworthyError)) throw error;
        const where = error.place === undefined ? "" : ` (${error.place})`;
        const message = `computed.${name} of ${linked.tool.name}: ${error.message}${where}`;
        reportTool(index, { code: "AW1220", linked, path }, { message, hint: error.fix });
      }
      above.push(name);
    }
  }
}

type At = { readonly path: readonly string[]; readonly cel: string; readonly above: readonly string[] };

function linkNames(index: LinkIndex, linked: LinkedTool, { path, cel, above }: At): void {
  const facts = (linked.tool.rests_on ?? []).map(({ fact }) => fact);
  const args = linked.input?.closed === true ? Object.keys(linked.input.properties) : undefined;
  const declared = { args, facts, computed: above } as const;
  for (const { of, name } of namesRead(cel)) {
    const known = declared[of];
    if (known === undefined || known.includes(name)) continue;
    const message = `${of}.${name} is read and not declared for ${linked.tool.name}`;
    reportTool(index, { code: "AW1221", linked, path }, { message, hint: suggestName(name, known) });
  }
}
