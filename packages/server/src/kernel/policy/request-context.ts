/** Copies the declared facets, facts and facts about the action out of a request, each checked; nothing else passes. */
import type { CedarValueJson } from "@cedar-policy/cedar-wasm/nodejs";

import type { AgentEntity, JudgeCall } from "./engine-messages.ts";
import type { PolicyProvenance } from "../provenance/summarise.ts";
import type { PolicyClasses, PolicyPerson } from "../classes/summarise-classes.ts";
import type { PolicyEntity } from "../entities/summarise.ts";
import { classesTypes, entityTypes, envTypes, personTypes, provenanceTypes } from "./tool-schema.ts";
import type { FacetType, PolicyTool } from "./tool-schema.ts";

type FacetValue = string | number | boolean | readonly string[];

/** What our layers know about the action. `hourUtc` is 0 to 23, amounts are in minor units of `currency`. */
export type PolicyEnv = {
  readonly confidenceBp: number;
  readonly confidenceStated: boolean;
  readonly amountMinor: number;
  readonly currency: string;
  /** Teams that have approved this very action. */
  readonly approvals: readonly string[];
  readonly repeats: number;
  readonly reversibility: string;
  readonly stage: string;
  readonly hourUtc: number;
  readonly entityType: string;
  readonly entityId: string;
  /** Where the arguments came from. */
  readonly provenance: PolicyProvenance;
  /** The classes of data that the arguments carry. */
  readonly classes: PolicyClasses;
  /** On whose behalf the agent acts. */
  readonly person: PolicyPerson;
  /** What was done to its business objects, and what stands of it. */
  readonly entity: PolicyEntity;
};

export type PolicyRequest = {
  readonly tenant: string;
  readonly version: number;
  readonly agent: AgentEntity;
  readonly tool: string;
  readonly input: Readonly<Record<string, FacetValue>>;
  /** Absent in requests recorded before there was such a thing. */
  readonly computed?: Readonly<Record<string, FacetValue>>;
  readonly env: PolicyEnv;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
};

export type RequestContext =
  | { readonly agent: AgentEntity; readonly context: JudgeCall["context"]; readonly granted: readonly string[] }
  /** The value that is missing or is not what was declared, named as policies name it. */
  | { readonly missing: string };

const agentTypes = { id: "string", autonomy: "integer", stage: "string", level: "string", fleet: "string" } as const;
const ranges: Readonly<Record<string, number>> = { "env.confidenceBp": 10_000, "env.hourUtc": 23 };
const maxStringLength = 4_096;
const maxListLength = 256;

/** What of a request Cedar may see, or the first value that is missing or mistyped. Never throws. */
export function readRequest(request: PolicyRequest, tool: PolicyTool): RequestContext {
  const copied = allPresent({
    agent: copyDeclared("agent", agentTypes, request.agent),
    input: copyDeclared("input", tool.facets, request.input),
    computed: copyDeclared("computed", tool.computed, request.computed),
    env: copyDeclared("env", envTypes, request.env),
    facts: copyDeclared("facts", tool.facts, request.facts),
    provenance: copyProvenance(readOwn(request.env, "provenance"), tool),
    classes: copyClasses(readOwn(request.env, "classes"), tool),
    person: copyDeclared("env.person", personTypes, readOwn(request.env, "person")),
    entity: copyEntity(readOwn(request.env, "entity")),
  });
  if ("missing" in copied) return copied;
  const { input, computed, env, facts, provenance, classes, person, entity } = copied.values;
  const { approvals, ...seen } = env;
  const { id, autonomy, stage, level, fleet } = request.agent;
  return {
    agent: { id, autonomy, stage, level, fleet },
    context: { input, computed, env: { ...seen, provenance, classes, person, entity }, facts },
    granted: Array.isArray(approvals) ? approvals.filter((team) => typeof team === "string") : [],
  };
}

type Values = Readonly<Record<string, CedarValueJson>>;

/** The values of all parts, or the first that is missing. */
function allPresent<Part extends string>(
  parts: Readonly<Record<Part, Copied>>,
): { readonly values: Readonly<Record<Part, Values>> } | { readonly missing: string } {
  const values: Partial<Record<Part, Values>> = {};
  for (const part in parts) {
    const copied = parts[part];
    if ("missing" in copied) return copied;
    values[part] = copied.values;
  }
  // Every part has been put in.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { values: values as Record<Part, Values> };
}

type Copied = { readonly values: Values } | { readonly missing: string };

function copyDeclared(place: string, declared: Readonly<Record<string, FacetType>>, given: unknown): Copied {
  const values: [string, CedarValueJson][] = [];
  for (const [name, type] of Object.entries(declared)) {
    const value = readOwn(given, name);
    const path = `${place}.${name}`;
    if (value === undefined) return { missing: `${path} is missing` };
    const copy = copyValue(value, type);
    if (copy === undefined) return { missing: `${path} is not ${describeType(type)}` };
    const most = ranges[path];
    if (most !== undefined && typeof copy === "number" && (copy < 0 || copy > most))
      return { missing: `${path} is not between 0 and ${most}` };
    values.push([name, copy]);
  }
  return { values: Object.fromEntries(values) };
}

function copyProvenance(given: unknown, tool: PolicyTool): Copied {
  const place = "env.provenance";
  const parts: [string, Copied][] = [
    ["", copyDeclared(place, provenanceTypes.whole, given)],
    ["sensitive", copyDeclared(`${place}.sensitive`, provenanceTypes.sensitive, readOwn(given, "sensitive"))],
    ["references", copyDeclared(`${place}.references`, provenanceTypes.references, readOwn(given, "references"))],
    ["facets", copyFacets(`${place}.facets`, Object.keys(tool.facets), readOwn(given, "facets"))],
  ];
  return gather(parts);
}

function copyClasses(given: unknown, tool: PolicyTool): Copied {
  const place = "env.classes";
  const facets = Object.fromEntries(Object.keys(tool.facets).map((name) => [name, "string[]" as const]));
  return gather([
    ["", copyDeclared(place, classesTypes, given)],
    ["facets", copyDeclared(`${place}.facets`, facets, readOwn(given, "facets"))],
  ]);
}

function copyEntity(given: unknown): Copied {
  const place = "env.entity";
  return gather([
    ["", copyDeclared(place, entityTypes.whole, given)],
    ["recent", copyDeclared(`${place}.recent`, entityTypes.recent, readOwn(given, "recent"))],
    ["net", copyDeclared(`${place}.net`, entityTypes.net, readOwn(given, "net"))],
  ]);
}

function copyFacets(place: string, names: readonly string[], given: unknown): Copied {
  return gather(
    names.map((name) => [name, copyDeclared(`${place}.${name}`, provenanceTypes.facet, readOwn(given, name))]),
  );
}

/** The parts under their names, the nameless one beside them; or what the first of them misses. */
function gather(parts: readonly (readonly [string, Copied])[]): Copied {
  const values: [string, CedarValueJson][] = [];
  for (const [name, part] of parts) {
    if ("missing" in part) return part;
    if (name === "") values.push(...Object.entries(part.values));
    else values.push([name, { ...part.values }]);
  }
  return { values: Object.fromEntries(values) };
}

/** A plain data property and nothing else: a getter could answer differently the second time, or throw. */
function readOwn(given: unknown, name: string): unknown {
  if (typeof given !== "object" || given === null) return undefined;
  return Object.getOwnPropertyDescriptor(given, name)?.value;
}

function copyValue(value: unknown, type: FacetType): CedarValueJson | undefined {
  if (type === "integer") return Number.isSafeInteger(value) ? Number(value) : undefined;
  if (type === "boolean") return typeof value === "boolean" ? value : undefined;
  if (type === "string") return isText(value) ? value : undefined;
  if (!Array.isArray(value) || value.length > maxListLength) return undefined;
  const items: unknown[] = Array.from(value);
  return items.every(isText) ? items : undefined;
}

// Half a surrogate pair would reach Cedar as another character, and two different strings could become equal.
function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= maxStringLength && !/\p{Surrogate}/u.test(value);
}

function describeType(type: FacetType): string {
  if (type === "integer") return "a whole number within ±2^53";
  if (type === "string") return `a string of at most ${maxStringLength} characters`;
  return type === "boolean" ? "true or false" : `a list of at most ${maxListLength} strings`;
}
