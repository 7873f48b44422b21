/** Reads from the arguments what policies may see: the declared facets, the business object and the amount. */
import type { GovernedTool, JsonObject, Json, Reason } from "@airworthy/contract";

import type { Amount, Context, Entity } from "../../kernel/action-walk.ts";
import { isJsonArray } from "../../kernel/json.ts";
import { identifierForm, isIdentifier } from "../../kernel/identifier.ts";
import { readAt } from "../../kernel/read-at.ts";

type Definition = GovernedTool["definition"];
type Facets = Pick<Context, "entity" | "amount" | "input" | "problems">;
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
  const amount = readAmount(definition, args);
  if (definition.amount && !amount)
    problems.push(missing(`${definition.amount.minor} must be a whole number of minor units, with its currency.`));
  return { entity, amount, input, problems };
}

function readEntity(definition: Definition, args: JsonObject): Entity | undefined {
  if (!definition.entity) return undefined;
  const id = readAt(definition.entity.id, args);
  if (typeof id === "number" && Number.isSafeInteger(id)) return { type: definition.entity.type, id: String(id) };
  return typeof id === "string" && isIdentifier(id) ? { type: definition.entity.type, id } : undefined;
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
