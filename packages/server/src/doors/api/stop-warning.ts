/** Says when a stop names what the configuration does not know: set in haste, it may be misspelt and hold nothing. */
import type { Snapshot, StopScope } from "@airworthy/contract";

import { suggestName } from "../../controlplane/registry/nearest-name.ts";

/** Undefined when there is nothing to warn of. */
export function warnOfStop(
  scope: StopScope,
  { agents, tools }: Pick<Snapshot, "agents" | "tools">,
): string | undefined {
  switch (scope.kind) {
    case "all":
      return undefined;
    case "agent":
      return warn("agent", scope.agent, Object.keys(agents));
    case "tool":
      return warn("tool", scope.tool, Object.keys(tools));
    case "entity": {
      const types = Object.values(tools).flatMap(({ definition }) => definition.entity?.type ?? []);
      return warn("type of business object", scope.entity.slice(0, scope.entity.indexOf(":")), [...new Set(types)]);
    }
    default:
      return scope satisfies never;
  }
}

function warn(kind: string, name: string, known: readonly string[]): string | undefined {
  if (known.includes(name)) return undefined;
  const hint = suggestName(name, known);
  const aside = hint === undefined ? "" : ` (${hint})`;
  return `The stop is set, but the live configuration has no ${kind} ${JSON.stringify(name)}${aside}: it may stop nothing.`;
}
