/** The compiled expressions of each tool, made when it is first called and kept as long as its configuration. */
import type { GovernedTool } from "@airworthy/contract";

import { compileExpression, type Expression } from "./expression.ts";

/** In the order in which they are declared. */
export type Expressions = {
  /** @throws AirworthyError `invalid_input` for an expression that `check` would have refused. */
  readonly of: (definition: GovernedTool["definition"]) => readonly (readonly [name: string, Expression])[];
};

export function createExpressions(): Expressions {
  const made = new WeakMap<GovernedTool["definition"], ReturnType<Expressions["of"]>>();
  return {
    of: (definition) => {
      const known = made.get(definition);
      if (known) return known;
      const compiled = Object.entries(definition.computed ?? {}).map(
        ([name, { cel, type }]) => [name, compileExpression(cel, type)] as const,
      );
      made.set(definition, compiled);
      return compiled;
    },
  };
}
