/** References of configuration: into an action's arguments, the item at hand, or a fact already known; or a plain text. */
import { AirworthyError, type Json, type JsonObject, type RestsOn } from "@airworthy/contract";

import { parsePath, readEach, readPath, type Path } from "./path.ts";

/** `facts`: by name; of a rule with `each` an object, from key to value. `item`: what `@` stands for. */
export type ReferenceScope = {
  readonly arguments: JsonObject;
  readonly facts: JsonObject;
  readonly item?: Json;
};

export type Reference =
  | { readonly reads: "text"; readonly text: string }
  /** `fact`: the fact that must be known before this can be read. */
  | { readonly reads: "facts"; readonly path: Path; readonly fact: string }
  | { readonly reads: "arguments" | "item"; readonly path: Path };

const factsPrefix = "$facts";

/** @throws AirworthyError `invalid_input` where it begins like a path and is none. */
export function parseReference(text: string): Reference {
  if (!text.startsWith("$") && !text.startsWith("@")) return { reads: "text", text };
  if (text.startsWith(`${factsPrefix}[`) || text.startsWith(`${factsPrefix}.`)) {
    const path = parsePath(`$${text.slice(factsPrefix.length)}`);
    const [first] = path.steps;
    if (first?.kind === "name") return { reads: "facts", path, fact: first.name };
    throw new AirworthyError("invalid_input", `${JSON.stringify(text)} names no fact.`, {
      place: "column 7",
      fix: "Write $facts['name.of.fact'], then further steps.",
    });
  }
  const path = parsePath(text);
  return { reads: path.root === "@" ? "item" : "arguments", path };
}

/** The value, or undefined where there is none. */
export function readReference(reference: Reference, scope: ReferenceScope): Json | undefined {
  if (reference.reads === "text") return reference.text;
  if (reference.reads === "item") {
    return readPath(reference.path, { root: null, ...(scope.item === undefined ? {} : { item: scope.item }) });
  }
  return readPath(reference.path, { root: reference.reads === "facts" ? scope.facts : scope.arguments });
}

/** Every value at a reference with `[*]`; nothing for a text. */
export function readEachReference(reference: Reference, scope: ReferenceScope): Json[] {
  if (reference.reads === "text" || reference.reads === "item") return [];
  return readEach(reference.path, reference.reads === "facts" ? scope.facts : scope.arguments);
}

/** The facts that must be known before this rule can be read, by name. */
export function dependenciesOf(rule: Pick<RestsOn, "key" | "each" | "lookup">): readonly string[] {
  const texts = [rule.key, ...Object.values(rule.lookup.with), ...(rule.each === undefined ? [] : [rule.each])];
  return texts.flatMap((text) => {
    const reference = parseReference(text);
    return reference.reads === "facts" ? [reference.fact] : [];
  });
}
