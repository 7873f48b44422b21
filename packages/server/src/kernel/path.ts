/** Paths into JSON, as configuration writes them: `$.lines[0]['unit price']`, `@.id`, and `$.items[*]` in `each`. */
import { AirworthyError } from "@airworthy/contract";
import type { Json, JsonObject } from "@airworthy/contract";

import { isJsonArray, isJsonObject } from "./json.ts";

/** A name of an object, a place in an array, or `*`: all places of an array, all members of an object. */
type Step =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "all" };
export type Path = { readonly text: string; readonly root: "$" | "@"; readonly steps: readonly Step[] };

const stepPattern = /\.([A-Za-z_][\w-]*)|\[(\d{1,9})\]|\[(\*)\]|\['((?:[^'\\]|\\['\\])*)'\]/y;

/** Parses a path. Callers keep the result. @throws AirworthyError `invalid_input` whose place is the path and column. */
export function parsePath(text: string): Path {
  const root = text[0];
  if (root !== "$" && root !== "@") throw badPath(text, 0);
  const steps: Step[] = [];
  let at = 1;
  while (at < text.length) {
    stepPattern.lastIndex = at;
    const match = stepPattern.exec(text);
    if (match === null) throw badPath(text, at);
    steps.push(toStep(match));
    at = stepPattern.lastIndex;
  }
  return { text, root, steps };
}

/** The value at the path, or undefined when any part of it is missing. Sees own members only; `[*]` finds nothing. */
export function readPath(path: Path, scope: { readonly root: Json; readonly item?: Json }): Json | undefined {
  let value: Json | undefined = path.root === "$" ? scope.root : scope.item;
  for (const step of path.steps) value = follow(value, step);
  return value;
}

/** A value and where it stands: `$.lines[3]`. Names that are no field names are left out, as `[*]`. */
export type Placed = { readonly value: Json; readonly at: string };

/** Every value at a path with `[*]`, in order; a path without it gives its one value, or the items if that is a list. */
export const readEach = (path: Path, root: Json): Json[] => placeEach(path, root).map(({ value }) => value);

/** The same, each with where it stands. */
export function placeEach(path: Path, root: Json): Placed[] {
  let values: Placed[] = [{ value: root, at: "$" }];
  for (const step of path.steps) {
    const next: Placed[] = [];
    for (const { value, at } of values) {
      if (step.kind === "all") {
        for (const item of itemsOf(value, at)) next.push(item);
        continue;
      }
      const found = follow(value, step);
      if (found !== undefined) next.push({ value: found, at: placeOf([step], at) });
    }
    values = next;
  }
  const [only] = values;
  if (path.steps.some((step) => step.kind === "all") || only === undefined || !isJsonArray(only.value)) return values;
  return itemsOf(only.value, only.at);
}

function itemsOf(value: Json, at: string): Placed[] {
  if (isJsonArray(value)) return value.map((item, index) => ({ value: item, at: `${at}[${index}]` }));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).map(([name, item]) => ({ value: item, at: placeOf([{ kind: "name", name }], at) }));
}

/** Where the steps lead to from a place, written as `Placed` says. */
export function placeOf(steps: Path["steps"], from: string): string {
  return steps.reduce((at, step) => {
    if (step.kind === "index") return `${at}[${step.index}]`;
    return step.kind === "name" && /^[A-Za-z_][\w-]{0,40}$/.test(step.name) ? `${at}.${step.name}` : `${at}[*]`;
  }, from);
}

export type TemplateScope = {
  readonly arguments: JsonObject;
  readonly result?: Json;
  readonly idempotencyKey?: string;
};

/**
 * The arguments that `with` describes: `$.x` reads the action's arguments, `$result.x` its result, `$idempotencyKey` our
 * key; a text without `$` stands for itself.
 * @throws AirworthyError `invalid_input` naming the member when what it refers to does not exist: a call must not go
 * out with a hole in it.
 */
export function fillTemplate(template: Readonly<Record<string, string>>, scope: TemplateScope): JsonObject {
  const filled: [string, Json][] = [];
  for (const [name, text] of Object.entries(template)) {
    const value = fillOne(text, scope);
    if (value === undefined) {
      throw new AirworthyError("invalid_input", `${text} does not exist here.`, {
        place: `with.${name}`,
        fix: "Point to a value that the call always has.",
      });
    }
    filled.push([name, value]);
  }
  // fromEntries defines members, so a name such as __proto__ stays an ordinary one.
  return Object.fromEntries(filled);
}

function fillOne(text: string, scope: TemplateScope): Json | undefined {
  if (text === "$idempotencyKey") return scope.idempotencyKey;
  if (/^\$result(?=$|[.[])/.test(text)) {
    const path = parsePath(`$${text.slice("$result".length)}`);
    return scope.result === undefined ? undefined : readPath(path, { root: scope.result });
  }
  return text.startsWith("$") ? readPath(parsePath(text), { root: scope.arguments }) : text;
}

function toStep(match: RegExpExecArray): Step {
  const [, name, index, all, quoted] = match;
  if (name !== undefined) return { kind: "name", name };
  if (index !== undefined) return { kind: "index", index: Number(index) };
  if (all !== undefined) return { kind: "all" };
  return { kind: "name", name: (quoted ?? "").replaceAll(/\\(.)/g, "$1") };
}

function follow(value: Json | undefined, step: Step): Json | undefined {
  if (step.kind === "index") return isJsonArray(value) ? value[step.index] : undefined;
  if (step.kind === "all" || !isJsonObject(value) || !Object.hasOwn(value, step.name)) return undefined;
  return value[step.name];
}

function badPath(text: string, column: number): AirworthyError {
  return new AirworthyError("invalid_input", `${JSON.stringify(text)} is not a path.`, {
    place: `column ${column + 1}`,
    fix: "Begin with $ or @ and go on with .name, ['name'], [0] or, in each, [*].",
  });
}
