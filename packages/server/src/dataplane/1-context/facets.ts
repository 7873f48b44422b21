/** Reads from the arguments what policies may see: the declared facets, the business object and the amount. */
import type { GovernedTool, JsonObject, Json, Reason } from "@airworthy/contract";

import type { Amount, Context, Entity } from "../../kernel/action-walk.ts";
import { isJsonArray } from "../../kernel/json.ts";
import { identifierForm, isIdentifier } from "../../kernel/identifier.ts";
import { readAt } from "../../kernel/read-at.ts";

type Definition = GovernedTool["definition"];
type Facets = Pick<Context, "entity" | "touches" | "amount" | "input" | "problems">;
type FacetType = NonNullable<Definition["facets"]>[string]["type"];

type FacetValue = Context["input"][string];

/** The value as policies may see it, or undefined when it is of another type. */
const readers: Record<FacetType, (value: Json | undefined) => FacetValue | undefined> = {
  string: (value) => (typeof value === "string" ? value : undefined),
  integer: (value) => (typeof value === "number" && Number.isSafeInteger(value) ? value : undefined),
  boolean: (value) => (typeof value === "boolean" ? value : undefined),
  "string[]": (value) => {
    if (!isJsonArray(value)) return undefined;
    const texts = value.filter((item) => typeof item === "string");
    return texts.length === value.length ? texts : undefined;
  },
};

export function readFacets(definition: Definition, args: JsonObject): Facets {
  const problems: Reason[] = [];
  const input: Record<string, FacetValue> = {};
  for (const [name, facet] of Object.entries(definition.facets ?? {})) {
    const value = readers[facet.type](readAt(facet.path, args) ?? facet.default);
    if (value !== undefined) input[name] = value;
    else problems.push(missing(`${facet.path} must be a ${facet.type}; policies judge ${definition.name} by it.`));
  }
  const entity = readEntity(definition, args);
  if (definition.entity && !entity)
    problems.push(missing(`${definition.entity.id} must name the ${definition.entity.type}: ${identifierForm}.`));
  const touches = (definition.touches ?? []).flatMap((one) => {
    const touched = readTouched(one, args);
    if (touched.length === 0)
      problems.push(
        missing(`${one.id} must name what it touches: one ${one.type}, or a list of at most ${touchedMax}.`),
      );
    return touched;
  });
  const amount = readAmount(definition, args);
  if (definition.amount && !amount)
    problems.push(missing(`${definition.amount.minor} must be a whole number of minor units, with its currency.`));
  return { entity, touches, amount, input, problems };
}

function readEntity({ entity }: Definition, args: JsonObject): Entity | undefined {
  return entity && nameEntity(entity.type, readAt(entity.id, args));
}

/** Each of them is locked for as long as the effect is under way. */
const touchedMax = 32;

/** Empty when one of them is not named, or there are too many. */
function readTouched({ type, id }: Entity, args: JsonObject): readonly Entity[] {
  const value = readAt(id, args);
  const values = isJsonArray(value) ? value : [value];
  const named = values.flatMap((one) => nameEntity(type, one) ?? []);
  return named.length === values.length && named.length <= touchedMax ? named : [];
}

function nameEntity(type: string, id: Json | undefined): Entity | undefined {
  if (typeof id === "number" && Number.isSafeInteger(id)) return { type, id: String(id) };
  return typeof id === "string" && isIdentifier(id) ? { type, id } : undefined;
}

function readAmount(definition: Definition, args: JsonObject): Amount | undefined {
  if (!definition.amount) return undefined;
  const minor = readAt(definition.amount.minor, args);
  const declared = definition.amount.currency;
  const currency = declared.startsWith("$") ? readAt(declared, args) : declared;
  const valid = typeof minor === "number" && Number.isSafeInteger(minor) && minor >= 0;
  return valid && typeof currency === "string" && /^[A-Z]{3}$/.test(currency) ? { minor, currency } : undefined;
}

const missing = (detail: string): Reason => ({ code: "missing_input", effect: "deny", detail });
