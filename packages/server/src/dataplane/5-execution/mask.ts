/** Takes values out of a result that the agent may not see, as the policy's obligation says. */
import type { Json } from "@airworthy/contract";

import { isJsonArray, isJsonObject } from "../../kernel/json.ts";
import { parsePath } from "../../kernel/path.ts";

const hidden = "[hidden by policy]";

/** A copy of the result in which the value at each path reads `[hidden by policy]`; absent paths change nothing. */
export function maskResult(result: Json, paths: readonly string[]): Json {
  return paths.reduce<Json>((masked, path) => hide(masked, parsePath(path).steps), result);
}

type Steps = ReturnType<typeof parsePath>["steps"];

function hide(value: Json, [step, ...rest]: Steps): Json {
  if (step === undefined) return hidden;
  if (isJsonArray(value)) {
    const meant = (index: number): boolean => step.kind === "all" || (step.kind === "index" && step.index === index);
    return value.map((item, index) => (meant(index) ? hide(item, rest) : item));
  }
  if (isJsonObject(value) && step.kind === "name" && Object.hasOwn(value, step.name)) {
    return { ...value, [step.name]: hide(value[step.name] ?? null, rest) };
  }
  return value;
}
