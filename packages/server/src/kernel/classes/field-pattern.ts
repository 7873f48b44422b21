/** A declared field of an answer or of arguments, matched against the steps to a place in it. */
import { parsePath } from "../path.ts";

/** Names of objects and places in arrays, from the root. */
export type Steps = readonly (string | number)[];
export type FieldPattern = (steps: Steps) => boolean;

/**
 * The field itself and all that is below it; `$..name` at any depth. Paths were checked with the configuration; a strange
 * one covers everything, which errs on the safe side.
 */
export function compileField(path: string): FieldPattern {
  const deep = /^\$\.\.([A-Za-z_][\w-]*)$/.exec(path)?.[1];
  if (deep !== undefined) return (steps) => steps.includes(deep);
  const wanted = stepsOf(path);
  return (steps) =>
    wanted.length <= steps.length &&
    wanted.every((step, at) => {
      const given = steps[at];
      if (step.kind === "name") return given === step.name;
      return typeof given === "number" && (step.kind === "all" || step.index === given);
    });
}

function stepsOf(path: string): ReturnType<typeof parsePath>["steps"] {
  try {
    return parsePath(path).steps;
  } catch {
    return [];
  }
}

/** As people are shown it: items of lists as `[*]`, and names that may be data left out. */
export function showSteps(steps: Steps): string {
  const shown = steps.map((step) =>
    typeof step === "string" && /^[A-Za-z_][\w-]{0,40}$/.test(step) ? `.${step}` : "[*]",
  );
  return `$${shown.slice(0, 30).join("")}`;
}
