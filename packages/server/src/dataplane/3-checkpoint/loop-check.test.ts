/** The loop check: the same write again and again is a loop, the same read is an agent that keeps watch. */
import { describe, expect, it } from "vitest";

import type { PlannedAction } from "../../kernel/action-walk.ts";
import { checks } from "./checks.ts";

function refusals(effect: "read" | "write" | undefined, repeats: number): readonly string[] {
  const context = {
    tool: effect && { effect, definition: {} },
    agent: undefined,
    problems: [],
    amount: undefined,
    touches: [],
  };
  const action = {
    tool: "t",
    context,
    view: { stops: [], notReady: [] },
    step: { repeats, budgets: [] },
  } as unknown as PlannedAction;
  return checks.flatMap((check) => check.look(action)).map((reason) => reason.code);
}

describe("the loop check", () => {
  it.each([
    ["write", 24, []],
    ["write", 25, ["loop"]],
    ["read", 600, []],
    ["read", 1000, ["loop"]],
    [undefined, 25, ["loop"]],
  ] as const)("of a %s made %i times before", (effect, repeats, expected) => {
    expect(refusals(effect, repeats)).toEqual(expected);
  });
});
