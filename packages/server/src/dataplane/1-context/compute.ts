/** Computes what policies may see beyond plain arguments and facts: the tool's expressions over both. */
import { AirworthyError, type GovernedTool, type JsonObject, type Reason } from "@airworthy/contract";

import type { Context, ProposedAction } from "../../kernel/action-walk.ts";
import { prepareScope } from "../../kernel/computed/expression.ts";
import type { Deps } from "../../kernel/deps.ts";

type Computed = Pick<Context, "computed" | "problems">;

/** What cannot be computed refuses: a policy must not be asked without it. */
export function computeValues(
  action: ProposedAction,
  { tool, facts }: { readonly tool: GovernedTool; readonly facts: JsonObject },
  { clock, expressions }: Pick<Deps, "clock" | "expressions">,
): Computed {
  if (tool.definition.computed === undefined) return { computed: {}, problems: [] };
  const computed: Record<string, Context["computed"][string]> = {};
  let current = "computed";
  try {
    const scope = prepareScope({ args: action.arguments, facts, now: new Date(clock.now()) });
    for (const [name, compute] of expressions.of(tool.definition)) {
      current = `computed.${name}`;
      computed[name] = compute(scope, computed);
    }
    return { computed, problems: [] };
  } catch (error) {
    if (!(error instanceof AirworthyError)) throw error;
    return { computed: {}, problems: [uncomputable(`${current} of ${tool.name}`, error.message)] };
  }
}

function uncomputable(what: string, why: string): Reason {
  const detail = `${what} could not be computed from these arguments and facts: ${why}. Nothing was done.`;
  return { code: "computed_unavailable", effect: "deny", detail };
}
